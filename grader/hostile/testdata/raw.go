package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack sends a datagram under the neighbour's address through a raw socket.
func attack(target netip.AddrPort) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		tried(err, "a raw socket")
		return
	}
	defer unix.Close(fd)
	packet := []byte{
		0x45, 0, 0, 28, 0, 1, 0, 0, 64, unix.IPPROTO_UDP, 0, 0, 10, 77, 0, 66, 10, 77, 0, 10,
		0, 9, 0, 9, 0, 8, 0, 0,
	}
	to := &unix.SockaddrInet4{Addr: [4]byte{10, 77, 0, 10}}
	tried(unix.Sendto(fd, packet, 0, to), "a datagram under a false name")
}
