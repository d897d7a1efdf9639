package probe

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// attack has 400 goroutines wait in a system call, each of which takes a
// thread, and counts threads until they are all there or ten seconds have passed.
func attack(netip.AddrPort) {
	const want = 400
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		tried(err, "a pipe")
		return
	}
	var in, out sync.WaitGroup
	in.Add(want)
	for range want {
		out.Go(func() {
			in.Done()
			var b [1]byte
			unix.Read(pipe[0], b[:])
		})
	}
	in.Wait()
	n := 0
	for end := time.Now().Add(10 * time.Second); n < want && time.Now().Before(end); {
		n = threads()
	}
	unix.Close(pipe[1])
	out.Wait()
	if n >= want {
		got("%d threads", want)
	}
}

// threads counts this process's threads: a signal can be sent to each.
func threads() int {
	n, self := 0, unix.Getpid()
	for tid := range 32 << 10 {
		if unix.Tgkill(self, tid, 0) == nil {
			n++
		}
	}
	return n
}
