package netns

import (
	"context"
	"errors"
	"fmt"
	"net"

	"wirelab/labenv"
	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// ErrOutside is matched by Dial's error where the calling process is not in
// the seat of a Shell.
var ErrOutside = errors.New("not in the seat of a lab")

// Inner is a Shell's lab as a program in its seat sees it.
type Inner struct {
	client *fdrpc.Client
	plan   plan.Plan
}

// Dial finds the lab that the calling process sits in. Errors: ErrOutside.
func Dial(ctx context.Context) (*Inner, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", protocol.SeatSocket)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOutside, err)
	}
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%w: %T is no Unix socket", ErrOutside, conn), conn.Close())
	}
	in := &Inner{client: fdrpc.NewClient(u)}
	if _, err := in.client.Call(ctx, protocol.Describe, nil, nil, &in.plan); err != nil {
		return nil, errors.Join(fmt.Errorf("ask the lab for its plan: %w", translate(err)), in.client.Close())
	}
	return in, nil
}

// Plan returns the plan that the lab plays.
func (in *Inner) Plan() plan.Plan { return in.plan }

// Captures returns the recordings up to now.
func (in *Inner) Captures(ctx context.Context) (labenv.Captures, error) {
	return captures(ctx, in.client)
}

// Close ends the conversation; the lab goes on.
func (in *Inner) Close() error { return in.client.Close() }
