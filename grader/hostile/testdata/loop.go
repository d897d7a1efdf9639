package probe

import "net/netip"

func attack(netip.AddrPort) {
	for n := 0; ; n++ {
	}
}
