package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack takes the grader's channel away.
func attack(netip.AddrPort) { tried(unix.Dup3(1, 3, 0), "another channel") }
