package probe

import (
	"net/netip"
	"os"
	"strings"
)

// attack prints 12 MiB.
func attack(netip.AddrPort) {
	line := strings.Repeat("all work and no play makes a dull lab ", 27) + "\n"
	for range 12 << 10 {
		if _, err := os.WHERE.WriteString(line); err != nil {
			return
		}
	}
	got("all of it printed")
}
