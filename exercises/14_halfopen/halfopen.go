package halfopen

import (
	"context"
	"errors"
	"net/netip"

	"wirelab/exercises/port"
)

// Scan asks each of ports on host with a SYN, and returns the verdicts sorted
// by port, each port once: SYN-ACK is OPEN, RST is CLOSED, an ICMP error is
// FILTERED with its reason, and silence after opt.Retries more SYNs is FILTERED
// as well. It sends nothing but SYNs.
//
// When ctx ends, Scan returns promptly with the verdicts known so far and
// ctx's error.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	// TODO: open raw sockets: one for TCP, one for ICMP. The system makes the
	//   IP header, you make the TCP header and its checksum.
	// TODO: send each port a SYN, and remember its sequence number.
	// TODO: take in answers; only what acknowledges your SYN is one.
	// TODO: ask again where there was none, and give up after opt.Retries.
	return nil, errors.New("halfopen: Scan is not implemented yet")
}
