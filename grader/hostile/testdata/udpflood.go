package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack sends large datagrams as fast as it can from four threads, and does
// not stop: not while the kit looks at the recordings either.
func attack(target netip.AddrPort) {
	for range 4 {
		go func() {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			if err != nil {
				return
			}
			data := make([]byte, 1400)
			to := &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: 9}
			for {
				unix.Sendto(fd, data, 0, to)
			}
		}()
	}
}
