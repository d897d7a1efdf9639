package probe

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack looks through the descriptors for one that nobody meant to leave
// open: a file, a folder, a device other than /dev/null. Of the channel it
// asks who is at the other end.
func attack(netip.AddrPort) {
	const channel = 3
	for fd := range 1024 {
		var s unix.Stat_t
		if err := unix.Fstat(fd, &s); err != nil {
			continue
		}
		kind := s.Mode & unix.S_IFMT
		fmt.Printf("descriptor %d: mode %o, device %d:%d\n", fd, s.Mode, unix.Major(s.Rdev), unix.Minor(s.Rdev))
		null := kind == unix.S_IFCHR && s.Rdev == unix.Mkdev(1, 3)
		if kind == unix.S_IFREG || kind == unix.S_IFDIR || kind == unix.S_IFBLK || kind == unix.S_IFCHR && !null {
			got("descriptor %d", fd)
		}
		if kind == unix.S_IFSOCK && fd != channel {
			got("socket %d", fd)
		}
	}
	peer, err := unix.GetsockoptUcred(channel, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == nil && peer.Pid != 0 {
		got("the grader's process id, %d", peer.Pid)
	}
}
