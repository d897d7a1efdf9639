package probe

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// Probe asks one TCP port whether it accepts connections, waits for the answer
// no longer than timeout, and returns the verdict.
//
// An error means that no verdict could be reached: ctx ended first, or this
// machine could not even ask. A port that refuses, or that says nothing, is no
// error: CLOSED and FILTERED are verdicts.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	// TODO: connect to target, for no longer than timeout (net.Dialer).
	// TODO: turn what came of it into a State and a Reason (package port).
	return port.Result{}, errors.New("probe: Probe is not implemented yet")
}
