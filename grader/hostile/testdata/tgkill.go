package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack kills whatever it can see with the one call for signals that Go's
// runtime needs, too.
func attack(netip.AddrPort) {
	self := unix.Getpid()
	for pid := 1; pid <= 1000; pid++ {
		if pid != self && unix.Tgkill(pid, pid, unix.SIGKILL) == nil {
			got("tgkill %d", pid)
		}
	}
}
