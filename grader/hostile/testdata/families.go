package probe

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack opens sockets of the kinds that no exercise without CAP_NET_RAW needs.
func attack(netip.AddrPort) {
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
	}{
		{"AF_INET, raw", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP},
		{"AF_INET6, raw", unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6},
		{"AF_PACKET", unix.AF_PACKET, unix.SOCK_RAW, 0},
		{"AF_NETLINK", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
		{"AF_UNIX", unix.AF_UNIX, unix.SOCK_STREAM, 0},
	} {
		fd, err := unix.Socket(s.family, s.kind, s.protocol)
		tried(err, "socket(%s)", s.name)
		if err == nil {
			unix.Close(fd)
		}
	}
	// Whether the kernel has this protocol or not, it is not to look for it.
	if _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP); err != unix.EPERM {
		got("socket(AF_INET, protocol 132)")
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	tried(err, "socketpair")
	if err == nil {
		unix.Close(pair[0])
		unix.Close(pair[1])
	}
	fmt.Println("done")
}
