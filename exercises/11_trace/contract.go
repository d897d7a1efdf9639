// Package trace reads captures: the TCP segments in them, and what they prove
// about a scanned host.
//
// This file is given. It fixes the signatures that the checks call; your code
// goes into trace.go. If the compiler complains here, a signature there has
// changed.
package trace

import (
	"io"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// Segment is the header of a TCP segment (RFC 9293, section 3.1), with what the
// capture and the IP header say of it.
type Segment struct {
	Time               time.Time // when it was captured, as exactly as the file says; zero where it does not
	Src, Dst           netip.AddrPort
	SYN, ACK, RST, FIN bool
	Seq, Ack           uint32 // as on the wire
	Payload            int    // bytes of data, by the IP length, whether captured or not
	TTL                uint8  // of IPv4; the hop limit of IPv6
}

// The link types to read (https://www.tcpdump.org/linktypes.html): what a frame
// begins with.
const (
	LinkNull     = 0   // loopback: four bytes of address family
	LinkEthernet = 1   // Ethernet
	LinkRaw      = 101 // an IP packet
	LinkCooked   = 113 // Linux cooked capture, version 1
	LinkCooked2  = 276 // Linux cooked capture, version 2
)

var (
	_ func(r io.Reader) ([]Segment, error)                         = Segments
	_ func(r io.Reader, scanner netip.Addr) ([]port.Result, error) = Verdicts
)
