package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack opens descriptors until there are 3000 more.
func attack(netip.AddrPort) {
	for i := range 3000 {
		if _, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
			tried(err, "3000 descriptors, but %d", i)
			return
		}
	}
	got("3000 descriptors")
}
