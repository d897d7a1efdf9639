package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack becomes another program.
func attack(netip.AddrPort) {
	tried(unix.Exec("PATH", []string{"PATH", "got another program"}, nil), "exec")
}
