package probe

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// attack sends datagrams under an address that is not the seat's: over IPv6 it
// takes an option of the socket and no capability.
func attack(target netip.AddrPort) {
	// Whoever answers is known by its hardware address from then on, and need
	// not be looked for under the false name.
	net.DialTimeout("tcp", "[fd77::10]:9", time.Second)
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	if err != nil {
		tried(err, "a socket")
		return
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, LEVEL, OPTION, 1); err != nil {
		tried(err, "the option")
	}
	from := &unix.SockaddrInet6{Addr: netip.MustParseAddr("fd77::66").As16()}
	if err := unix.Bind(fd, from); err != nil {
		tried(err, "a false name")
		return
	}
	to := &unix.SockaddrInet6{Addr: netip.MustParseAddr("fd77::10").As16(), Port: 9}
	tried(unix.Sendto(fd, []byte("not mine"), 0, to), "a datagram under a false name")
}
