package halfopen

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"wirelab/exercises/port"
)

// Scan asks each of ports on host with a SYN, and returns the verdicts sorted
// by port. A port that is listed twice is asked once. No ports are no work and
// no error. Nothing but SYNs is sent; to a SYN-ACK the kernel answers with RST,
// since no socket of its own asked for it.
//
// When ctx ends, Scan returns promptly with the verdicts known so far and an
// error that matches ctx.Err. Arguments that make no sense are errors, and so
// is whatever keeps a SYN from being sent.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	host, opt.Source = host.Unmap(), opt.Source.Unmap()
	if err := validate(host, ports, opt); err != nil {
		return nil, fmt.Errorf("halfopen: %w", err)
	}
	if len(ports) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := open(ctx, host, opt)
	if err != nil {
		return nil, fmt.Errorf("halfopen: %w", err)
	}
	defer w.close()
	s := newSweep(w, ports, opt)
	if err := s.run(ctx); err != nil {
		return s.results(), fmt.Errorf("halfopen: %w", err)
	}
	return s.results(), nil
}

// validate refuses what could only be guessed at.
func validate(host netip.Addr, ports []uint16, opt Options) error {
	switch {
	case !host.IsValid():
		return errors.New("there is no host to ask")
	case opt.Timeout <= 0:
		return fmt.Errorf("a timeout of %v leaves no time for an answer", opt.Timeout)
	case opt.Retries < 0:
		return fmt.Errorf("a port cannot be asked again %d times", opt.Retries)
	case opt.Rate < 0:
		return fmt.Errorf("%d packets a second cannot be sent", opt.Rate)
	case opt.Source.IsValid() && opt.Source.Is4() != host.Is4():
		return fmt.Errorf("%v cannot be asked from %v", host, opt.Source)
	case slices.Contains(ports, 0):
		return errors.New("port 0 cannot be asked")
	}
	return nil
}
