// Package scan asks many ports of one host at once, and reports each verdict
// exactly once, in order. It asks each port with package probe of 06.
//
// This file is given. It fixes the signatures that the checks call; your code
// goes into scan.go. If the compiler complains here, a signature there has
// changed.
package scan

import (
	"context"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// Options say how a scan goes about it.
type Options struct {
	// Timeout is how long one port may take to answer. It must be above 0.
	Timeout time.Duration
	// Workers is how many ports may be in question at once. Zero or less
	// means that the scan chooses.
	Workers int
}

var (
	_ func(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) = Scan
	_ func(spec string) ([]uint16, error)                                                            = ParsePorts
)
