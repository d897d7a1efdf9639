package probe

import "net/netip"

func attack(netip.AddrPort) {
	go func() {
		var none map[string]int
		none["boom"]++
	}()
	select {}
}
