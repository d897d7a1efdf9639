package probe

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// attack connects to where it was not sent.
func attack(netip.AddrPort) {
	for _, to := range []string{ADDRESSES} {
		conn, err := net.DialTimeout("NETWORK", to, 250*time.Millisecond)
		if err != nil {
			fmt.Println("no", err)
			continue
		}
		fmt.Fprint(conn, "hello")
		conn.Close()
		fmt.Println("sent to", to)
	}
}
