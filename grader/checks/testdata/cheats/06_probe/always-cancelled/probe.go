package probe

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// Probe claims to have been cancelled, whatever it is asked.
func Probe(_ context.Context, target netip.AddrPort, _ time.Duration) (port.Result, error) {
	return port.Result{}, fmt.Errorf("probe %v: %w and %w", target, context.Canceled, context.DeadlineExceeded)
}
