package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack talks to everybody on the wire.
func attack(netip.AddrPort) {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	const eth0 = 2
	all := &unix.SockaddrInet6{Addr: netip.MustParseAddr("ff02::1").As16(), Port: 53, ZoneId: eth0}
	unix.Sendto(fd, []byte("hello"), 0, all)
}
