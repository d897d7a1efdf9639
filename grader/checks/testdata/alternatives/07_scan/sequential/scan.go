package scan

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	probe "wirelab/exercises/06_probe"
	"wirelab/exercises/port"
)

// Scan asks one port after the other, in the order of the list. It keeps every
// promise but that silence is waited for together.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	var results []port.Result
	var failed error
	seen := map[uint16]bool{}
	for _, p := range ports {
		if seen[p] {
			continue
		}
		seen[p] = true
		r, err := probe.Probe(ctx, netip.AddrPortFrom(host, p), opt.Timeout)
		if ctx.Err() != nil {
			failed = ctx.Err()
			break
		}
		if err != nil {
			failed = fmt.Errorf("port %d: %w", p, err)
			continue
		}
		results = append(results, r)
	}
	slices.SortFunc(results, func(a, b port.Result) int { return int(a.Port) - int(b.Port) })
	return results, failed
}
