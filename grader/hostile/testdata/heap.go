package probe

import "net/netip"

var kept [][]byte

// attack takes SIZE MiB of ordinary memory and touches every page.
func attack(netip.AddrPort) {
	for range SIZE {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
	}
	got("%d MiB", len(kept))
}
