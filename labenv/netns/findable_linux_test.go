package netns_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// TestHostsAreFoundAtOnce: many labs that start at once keep the kernel's lock
// on networks busy, and that is when it joins multicast groups late. Of 72 labs
// some six had to ask twice, a second apart, before labs waited for it.
func TestHostsAreFoundAtOnce(t *testing.T) {
	const rounds, atOnce = 3, 24
	for range rounds {
		var all sync.WaitGroup
		for i := range uint64(atOnce) {
			all.Go(func() {
				n, err := solicitations(t.Context(), plan.New(i).Plan())
				assert.NoError(t, err)
				assert.Equal(t, 1, n, "the target asked so often where the seat is")
			})
		}
		all.Wait()
	}
}

// solicitations starts a lab, has the target call the seat over IPv6 at once,
// and counts how often it asked for the seat.
func solicitations(ctx context.Context, p plan.Plan) (n int, err error) {
	l, err := maker()(ctx, p)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	seat := l.Plan().Seat.Addr6
	if err := call(ctx, l, seat); err != nil {
		return 0, err
	}
	c, err := l.Captures(ctx)
	if err != nil {
		return 0, err
	}
	trace, err := wire.Read(c.Target, c.Sync)
	if err != nil {
		return 0, err
	}
	for _, f := range trace.Frames {
		if f.Sent && f.Solicited == seat {
			n++
		}
	}
	return n, nil
}

// call has the target call a port where nobody listens.
func call(ctx context.Context, l labenv.Lab, to netip.Addr) error {
	talks, err := l.Converse(ctx, []plan.Client{{To: netip.AddrPortFrom(to, 1), Finally: plan.Abort}})
	if err == nil && talks[0].Outcome == plan.Done {
		err = fmt.Errorf("somebody listens at %v", to)
	}
	return err
}
