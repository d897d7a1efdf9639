// Package halfopen asks ports with nothing but a SYN, and never completes a
// connection. It writes the packets itself and reads the answers off the wire,
// so that it sees what connect(2) hides: which packet answered.
//
// This file is given. It fixes the signatures that the checks call; your code
// goes into halfopen.go. If the compiler complains here, a signature there has
// changed.
package halfopen

import (
	"context"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// Options say how a scan goes about it.
type Options struct {
	// Interface is the network interface to use, such as "eth0". "" leaves the
	// choice to the system.
	Interface string
	// Source is the address to ask from, one of this machine's own. The zero
	// value leaves the choice to the system.
	Source netip.Addr
	// Timeout is how long each try may take to be answered. It must be above 0.
	Timeout time.Duration
	// Retries is how many more SYNs a silent port is sent after the first. It
	// must not be below 0.
	Retries int
	// Rate is how many SYNs are sent in a second at most, those of all tries
	// counted. 0 is as many as the scan sees fit; it must not be below 0.
	Rate int
}

var _ func(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) = Scan
