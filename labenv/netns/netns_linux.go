// Package netns makes labs of Linux namespaces, for an ordinary user without
// capabilities: one process that is network and hosts (package network), below
// it the seat, below that the learners' programs. All of it hangs on one
// socket and one parent: when either goes, the kernel takes everything down.
package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/launch"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// sandboxID is the user and group that a lab runs as when root started the
// kit: limits on processes do not hold root back. Nothing else uses the number.
const sandboxID = 30572

// startTimeout bounds the start of a lab, which takes some milliseconds.
const startTimeout = 30 * time.Second

// Config says how to make labs.
type Config struct {
	// Labhost is the path of the program labhost.
	Labhost string
	// Guards are for tests that take a guard away; the zero value is all.
	Guards sandbox.Guards
}

// lab is a running lab.
type lab struct {
	plan   plan.Plan
	guards sandbox.Guards
	hosts  *launch.Process // network and hosts
	seat   *fdrpc.Client

	closing sync.Once
	err     error
}

// Maker returns a maker of labs in namespaces. Its errors match
// labenv.ErrUnavailable where namespaces cannot be had.
func Maker(cfg Config) labenv.Maker {
	return func(ctx context.Context, p plan.Plan) (labenv.Lab, error) {
		o := launch.Options{Identity: launch.Self()}
		if os.Getuid() == 0 && launch.Mapped(sandboxID, 1) {
			o.Identity = launch.Identity{UID: sandboxID, GID: sandboxID}
		}
		l, err := start(ctx, cfg, p, protocol.SeatKind{}, o)
		if err != nil {
			return nil, err
		}
		return l, nil
	}
}

func start(ctx context.Context, cfg Config, p plan.Plan, kind protocol.SeatKind, o launch.Options) (*lab, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the lab: %w", err)
	}
	hosts, err := launch.Start(cfg.Labhost, protocol.ModeNetwork, o)
	if err != nil {
		return nil, err
	}
	l := &lab{plan: p, guards: cfg.Guards, hosts: hosts}
	if err := l.begin(ctx, kind); err != nil {
		err = errors.Join(launch.Unavailable(fmt.Errorf("start the lab: %w", err)), l.Close())
		return nil, hosts.Explain(err) // now that all has been said
	}
	return l, nil
}

// begin has the hosts started and takes the seat's socket.
func (l *lab) begin(ctx context.Context, kind protocol.SeatKind) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	files, err := l.hosts.Call(ctx, protocol.StartLab, protocol.StartRequest{Plan: l.plan, Seat: kind}, nil, nil)
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return fmt.Errorf("the seat came with %d sockets, not 1", len(files))
	}
	conn, err := fdrpc.FileConn(files[0])
	if err != nil {
		return err
	}
	l.seat = fdrpc.NewClient(conn)
	return nil
}

// Plan returns the plan that the lab plays.
func (l *lab) Plan() plan.Plan { return l.plan }

// Captures returns the recordings up to now.
func (l *lab) Captures(ctx context.Context) (labenv.Captures, error) {
	return captures(ctx, l.hosts.Client)
}

// captures asks whoever is at the other end for the recordings.
func captures(ctx context.Context, c *fdrpc.Client) (labenv.Captures, error) {
	var r protocol.CapturesReply
	files, err := c.Call(ctx, protocol.Captures, nil, nil, &r)
	if err != nil {
		return labenv.Captures{}, translate(err)
	}
	recordings := make([][]byte, len(files))
	for i, f := range files {
		data, rerr := contents(f)
		err = errors.Join(err, rerr, f.Close())
		recordings[i] = data
	}
	if err == nil && len(files) != 2 {
		err = fmt.Errorf("%d came, not 2", len(files))
	}
	if err != nil {
		return labenv.Captures{}, fmt.Errorf("recordings: %w", err)
	}
	return labenv.Captures{
		Target: recordings[0], Neighbour: recordings[1],
		Complete: r.Complete, Why: r.Why, Sync: r.Sync,
	}, nil
}

// contents returns all of a file that nobody changes any more.
func contents(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	_, err = f.ReadAt(data, 0)
	return data, err
}

// translate makes the end of a connection the end of the lab.
func translate(err error) error {
	if errors.Is(err, fdrpc.ErrClosed) {
		return fmt.Errorf("%w: %w", labenv.ErrClosed, err)
	}
	return err
}

// Close ends the lab and everything in it.
func (l *lab) Close() error {
	l.closing.Do(func() {
		if l.seat != nil {
			l.err = l.seat.Close()
		}
		l.err = errors.Join(l.err, l.hosts.Close())
	})
	return l.err
}
