package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack maps 1 GiB in a way that does not count as data, and looks whether it
// can be written to: it touches 64 MiB only.
func attack(netip.AddrPort) {
	m, err := unix.Mmap(-1, 0, 1<<30, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_GROWSDOWN)
	if err != nil {
		tried(err, "a mapping")
		return
	}
	for i := 0; i < 64<<20; i += 4096 {
		m[i] = 1
	}
	got("a mapping")
}
