package checks

import (
	"context"
	"errors"
	"slices"
	"time"

	"wirelab/grader/check"
	"wirelab/labenv/plan"
)

const (
	// longest is how long a scan runs at most before it is cancelled.
	longest = 4 * time.Second
	// longTimeout is the timeout of such a scan: silence decides nothing in it.
	longTimeout = 10 * time.Second
)

// cancellable is a scanner that promises what it knows when it is cancelled.
type cancellable struct {
	scan    func(context.Context, *check.Bench, []plan.Port) scanned // with longTimeout
	find    func(*check.Trace, plan.Port) check.Finding
	require func(scanned, check.Finding, plan.Port) // holds one result against the wire
}

// requireKeepsWhatIsKnown holds a scanner to that, whether its context is
// cancelled or reaches its deadline.
func requireKeepsWhatIsKnown(t *check.T, c cancellable) {
	c.requireKnown(t, context.Canceled, func(after time.Duration) (context.Context, func()) {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(after, cancel)
		return ctx, func() { timer.Stop(); cancel() }
	})
	c.requireKnown(t, context.DeadlineExceeded, func(after time.Duration) (context.Context, func()) {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		return ctx, cancel
	})
}

// requireKnown scans with a context that begin makes, until it ends with the
// error want. What the wire shows to have been decided well before that has to
// be among the results, and a silent port, most of whose timeout was left,
// cannot be. Where the machine was so busy that nothing can have been decided well
// before, it lets the next scan run for longer.
func (c cancellable) requireKnown(t *check.T, want error, begin func(after time.Duration) (context.Context, func())) {
	for after := longest / 8; !c.holdKnown(t, want, after, begin); after *= 2 {
		if after >= longest {
			t.Broken(errors.New("on this machine nothing was known well before a scan was cancelled: it is too busy to tell"))
		}
	}
}

// holdKnown makes one such scan. It returns false where that proves nothing.
func (c cancellable) holdKnown(t *check.T, want error, after time.Duration, begin func(after time.Duration) (context.Context, func())) bool {
	const early = 250 * time.Millisecond
	d := t.Draft()
	silent := d.Ports(10, plan.Drop)
	ports := slices.Concat(d.Ports(6, plan.Echo), d.Ports(6, plan.Closed), silent)
	b := t.Bench(d.Plan())
	ctx, done := begin(after)
	t.Cleanup(done)
	s := c.scan(ctx, b, ports)
	over, end := hasEnded(ctx), time.Now().Add(-s.reply.After)

	tr := b.Trace()
	asked := false
	for _, p := range ports {
		asked = c.find(tr, p).Asked() || asked
	}
	requireContextError(t, s.says, s.reply, want, over)
	requirePrompt(t, s.says, s.reply)
	// On a busy machine a scan may not have come to its turn, or nothing may have
	// been decided so early that it counts.
	late := after <= early+turns*s.reply.Late
	switch {
	case !asked && late && after < longest:
		return false
	case !asked:
		t.Failf("%s asked no port at all until its context ended", s.says)
	}
	proved := false
	for _, p := range ports {
		f := c.find(tr, p)
		_, known := s.of(p.Number)
		before := f.DecidedBefore(end.Add(-early - turns*s.reply.Late))
		proved = proved || before
		if known && slices.Contains(silent, p) {
			t.Failf("%s has a verdict on port %d, which was silent and had most of its timeout left: nobody can know yet", s.says, p.Number)
		}
		if known || before {
			c.require(s, f, p)
		}
	}
	return proved || !late
}
