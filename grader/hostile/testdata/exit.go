package probe

import (
	"net/netip"
	"os"
)

func attack(netip.AddrPort) { os.Exit(0) }
