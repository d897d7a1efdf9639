package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack writes what looks like an answer of the driver's to every descriptor
// from FROM on.
func attack(netip.AddrPort) {
	line := `{"jsonrpc":"2.0","id":2,"result":{"results":[{"Port":1,"State":"OPEN"}]}}` + "\n"
	for fd := FROM; fd < 1024; fd++ {
		unix.Write(fd, []byte(line))
	}
}
