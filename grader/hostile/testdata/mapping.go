package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

var kept [][]byte

// attack takes 640 MiB of FLAGS mappings and touches every page.
func attack(netip.AddrPort) {
	for range 10 {
		m, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|FLAGS)
		if err != nil {
			tried(err, "a mapping")
			return
		}
		for i := 0; i < len(m); i += 4096 {
			m[i] = 1
		}
		kept = append(kept, m)
	}
	got("%d mappings", len(kept))
}
