package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack binds a socket to the interface: Linux then takes every address for
// one on the wire, whatever the routes say (SO_BINDTODEVICE, socket(7)).
func attack(netip.AddrPort) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if unix.BindToDevice(fd, "eth0") != nil {
		return
	}
	to := &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 1}, Port: 53}
	unix.Sendto(fd, []byte("hello"), 0, to)
}
