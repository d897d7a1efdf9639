package docker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/plan"
)

// lab is a running lab.
type lab struct {
	labs   *Labs
	room   *room
	plan   plan.Plan
	ctx    context.Context // ends with the lab
	cancel context.CancelFunc

	mu        sync.Mutex
	processes map[*process]bool // that have not been closed

	closing sync.Once
	err     error
}

// Plan returns the plan that the lab plays.
func (l *lab) Plan() plan.Plan { return l.plan }

// bound returns a context that ends with ctx and with the lab.
func (l *lab) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() { cancel(labenv.ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// do makes a call that ends with the lab, too.
func (l *lab) do(ctx context.Context, m *member, method string, params, result any) error {
	bound, done := l.bound(ctx)
	defer done()
	return l.translate(m.Do(bound, method, params, result))
}

// translate makes the end of a container, or of the lab, ErrClosed.
func (l *lab) translate(err error) error {
	if err != nil && (l.ctx.Err() != nil || errors.Is(err, relay.ErrClosed)) {
		return fmt.Errorf("%w: %w", labenv.ErrClosed, err)
	}
	return err
}

const (
	// syncTries and syncPatience bound synchronisation as in package network.
	syncTries    = 12
	syncPatience = 100 * time.Millisecond
)

// Captures returns the recordings, complete up to now (docs/adr/0003).
func (l *lab) Captures(ctx context.Context) (labenv.Captures, error) {
	if l.ctx.Err() != nil {
		return labenv.Captures{}, labenv.ErrClosed
	}
	nonce, err := l.synchronise(ctx)
	if err != nil {
		return labenv.Captures{}, fmt.Errorf("recordings: %w", err)
	}
	c := labenv.Captures{Complete: true, Sync: nonce}
	for _, part := range []struct {
		from *member
		to   *[]byte
	}{{l.room.target, &c.Target}, {l.room.neighbour, &c.Neighbour}} {
		var r relay.SnapshotReply
		if *part.to, r, err = l.snapshot(ctx, part.from); err != nil {
			return labenv.Captures{}, fmt.Errorf("recordings: %w", err)
		}
		if !r.Complete {
			c.Complete, c.Why = false, r.Why
		}
	}
	return c, nil
}

func (l *lab) snapshot(ctx context.Context, m *member) ([]byte, relay.SnapshotReply, error) {
	bound, done := l.bound(ctx)
	defer done()
	var r relay.SnapshotReply
	stream, err := m.Call(bound, relay.Snapshot, nil, nil, &r)
	if err != nil {
		return nil, r, l.translate(err)
	}
	defer stream.Close()
	stop := context.AfterFunc(bound, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	data := make([]byte, r.Size)
	if _, err := io.ReadFull(stream, data); err != nil {
		return nil, r, l.translate(errors.Join(err, ctx.Err()))
	}
	return data, r, nil
}

// synchronise closes the recordings with synchronisation frames and returns
// their nonce. Frames get lost in a flood, so it tries again, with others.
func (l *lab) synchronise(ctx context.Context) (nonce uint64, err error) {
	wait := syncPatience
	for range syncTries {
		limited, cancel := context.WithTimeout(ctx, wait)
		nonce, err = l.trySynchronise(limited)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil || l.ctx.Err() != nil {
			break
		}
		wait += wait / 2
	}
	return nonce, err
}

func (l *lab) trySynchronise(ctx context.Context) (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	nonce := binary.BigEndian.Uint64(b[:])
	for _, pair := range []struct {
		from, to *member
		mac      string
	}{
		{l.room.neighbour, l.room.target, l.plan.Target.MAC},
		{l.room.target, l.room.neighbour, l.plan.Neighbour.MAC},
	} {
		var sent int
		if err := l.do(ctx, pair.from, relay.Mark, relay.MarkRequest{MAC: pair.mac, Nonce: nonce}, &sent); err != nil {
			return 0, fmt.Errorf("synchronise: %w", err)
		}
		if err := l.do(ctx, pair.to, relay.Await, relay.AwaitRequest{Nonce: nonce, Count: sent}, nil); err != nil {
			return 0, fmt.Errorf("synchronise: %w", err)
		}
	}
	return nonce, nil
}

// Close ends the lab with every program in it. Its room is cleared for the next
// while the caller goes on: to take a wire away takes the kernel a while.
func (l *lab) Close() error {
	l.closing.Do(func() {
		l.cancel()
		l.mu.Lock()
		running := l.processes
		l.processes = map[*process]bool{}
		l.mu.Unlock()
		var errs []error
		for p := range running {
			errs = append(errs, p.kill(context.Background()))
		}
		l.err = errors.Join(errs...)
		l.labs.work.Go(func() { l.labs.giveBack(l.room, errors.Join(l.err, l.room.reset(context.Background()))) })
	})
	return l.err
}
