package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack takes 256 MiB that no mapping shows, in files of memory.
func attack(netip.AddrPort) {
	chunk := make([]byte, 1<<20)
	for i := range 4 {
		fd, err := unix.MemfdCreate("bomb", 0)
		if err != nil {
			tried(err, "file %d", i)
			return
		}
		for range 64 {
			if _, err := unix.Write(fd, chunk); err != nil {
				tried(err, "file %d", i)
				return
			}
		}
	}
	got("4 files")
}
