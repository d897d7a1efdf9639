package probe

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack fills the queues of connections to itself: the kernel's memory, which
// counts against no limit of the program's. It stops at 100 connections, or at
// 256 MiB.
func attack(netip.AddrPort) {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		tried(err, "a socket")
		return
	}
	unix.Listen(listener, 1024)
	addr, err := unix.Getsockname(listener)
	if err != nil {
		tried(err, "an address")
		return
	}
	chunk, total := make([]byte, 64<<10), 0
	var pairs int
	for total < 256<<20 && pairs < 100 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			break
		}
		to := addr.(*unix.SockaddrInet4)
		to.Addr = [4]byte{127, 0, 0, 1}
		if err := unix.Connect(fd, to); err != nil {
			tried(err, "a connection")
			return
		}
		if _, _, err := unix.Accept(listener); err != nil {
			break
		}
		unix.SetNonblock(fd, true)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<30)
		pairs++
		for full := 0; full < 3; {
			n, err := unix.Write(fd, chunk)
			if err != nil {
				full++
				unix.Nanosleep(&unix.Timespec{Nsec: 2e6}, nil)
				continue
			}
			total += n
		}
	}
	fmt.Printf("%d MiB in %d connections\n", total>>20, pairs)
	if total >= 256<<20 {
		got("256 MiB of the kernel's memory")
	}
}
