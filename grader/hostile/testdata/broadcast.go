package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack talks to everybody at once.
func attack(netip.AddrPort) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	to := &unix.SockaddrInet4{Addr: [4]byte{10, 77, 0, 255}, Port: 53}
	unix.Sendto(fd, []byte("hello"), 0, to)
}
