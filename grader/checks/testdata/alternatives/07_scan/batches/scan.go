package scan

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	probe "wirelab/exercises/06_probe"
	"wirelab/exercises/port"
)

// atMost is how many ports a batch has where nobody says.
const atMost = 50

type outcome struct {
	result port.Result
	err    error
}

// Scan asks a batch of ports at once, waits for all of it, and takes the next.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	size := opt.Workers
	if size <= 0 {
		size = atMost
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		size = min(size, max(1, int(limit.Cur)-40))
	}
	left := slices.Clone(ports)
	slices.Sort(left)
	left = slices.Compact(left)
	results := []port.Result{}
	var errs []error
	for len(left) > 0 && ctx.Err() == nil {
		n := min(size, len(left))
		batch := left[:n]
		left = left[n:]
		for i, o := range ask(ctx, host, batch, opt) {
			switch {
			case o.err == nil:
				results = append(results, o.result)
			case errors.Is(o.err, syscall.EMFILE) && size > 1:
				left = append(left, batch[i])
				size = max(1, size/2)
			case ctx.Err() == nil:
				errs = append(errs, fmt.Errorf("port %d: %w", batch[i], o.err))
			}
		}
	}
	slices.SortFunc(results, func(a, b port.Result) int { return int(a.Port) - int(b.Port) })
	return results, errors.Join(append(errs, ctx.Err())...)
}

func ask(ctx context.Context, host netip.Addr, batch []uint16, opt Options) []outcome {
	out := make([]outcome, len(batch))
	var wait sync.WaitGroup
	for i, p := range batch {
		wait.Add(1)
		go func() {
			defer wait.Done()
			out[i].result, out[i].err = probe.Probe(ctx, netip.AddrPortFrom(host, p), opt.Timeout)
		}()
	}
	wait.Wait()
	return out
}
