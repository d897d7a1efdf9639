package probe

import (
	"net/netip"
	"sync"
)

// attack starts goroutines that use 120 KiB of stack each until there are 5500.
func attack(netip.AddrPort) {
	wait := make(chan int)
	var running sync.WaitGroup
	for range 5500 {
		running.Add(1)
		go func() {
			var mine [15 << 10]int
			running.Done()
			mine[0] = <-wait
			mine[mine[0]%len(mine)]++
		}()
	}
	running.Wait()
	got("5500 goroutines")
}
