// Package drive is the grader's side of the channel: it calls functions in the
// learner's process (package serve is the other side) and bounds what that
// process can do to the grader. It needs a labenv.Process whose program is one
// of grader/drivers; it judges nothing.
//
// A program can fail to answer in four ways, each an error type of its own:
// CrashError, HangError, TamperError and FloodError. They are the learner's
// doing. Every other error is the lab's or the kit's.
package drive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/creachadair/jrpc2"

	"wirelab/grader/drivers/serve"
	"wirelab/labenv"
)

// ErrClosed is matched by the errors of calls on a Driver that was closed.
var ErrClosed = errors.New("the driver is closed")

// Limits bound one program. A zero field means DefaultLimits'.
type Limits struct {
	// Start is how long the program may take until it serves.
	Start time.Duration
	// Call is how long a call may take beyond its own context: counted from
	// the context's end, or from the call's start while there is none in sight.
	Call time.Duration
	// Output is how many bytes of what the program prints are kept.
	Output int
	// Message is the length of the longest answer, in bytes of JSON.
	Message int
	// Flood is how many bytes the program may print before it is stopped.
	Flood int64
}

// DefaultLimits fit every exercise.
var DefaultLimits = Limits{
	Start: 10 * time.Second, Call: 10 * time.Second,
	Output: 16 << 10, Message: 8 << 20, Flood: 8 << 20,
}

func (l Limits) orDefault() Limits {
	def := DefaultLimits
	return Limits{
		Start: positive(l.Start, def.Start), Call: positive(l.Call, def.Call),
		Output: positive(l.Output, def.Output), Message: positive(l.Message, def.Message),
		Flood: positive(l.Flood, def.Flood),
	}
}

func positive[T time.Duration | int | int64](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// Driver makes calls into one running program. Its methods may be called from
// several goroutines; calls are served at once, not one after the other.
type Driver struct {
	*life
	rpc     *jrpc2.Client
	lines   *lines
	calls   atomic.Int64  // the number of the latest call
	stopped chan struct{} // closed when nothing more comes from the channel
}

// Start takes over a program that was just started and waits until it serves.
// The program is the Driver's from then on, and is closed where Start fails.
// ctx bounds the start only. A program that dies or hangs in an init function
// gives a CrashError or a HangError.
func Start(ctx context.Context, p labenv.Process, limits Limits) (*Driver, error) {
	d := newDriver(p, limits)
	if err := d.handshake(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func newDriver(p labenv.Process, limits Limits) *Driver {
	d := &Driver{life: newLife(p, limits), stopped: make(chan struct{})}
	d.lines = newLines(p.Channel(), newToken(), d.limits.Message)
	drained := d.output.drain(p.Stdout(), p.Stderr())
	d.helpers.Go(func() {
		d.reap(d.endedByItself, d.stopped, drained)
		d.lines.Close()
	})
	return d
}

// newToken returns a word that no program can guess.
func newToken() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// handshake sends the token and waits for the program to be ready.
func (d *Driver) handshake(ctx context.Context) error {
	ready := make(chan error, 1)
	d.helpers.Go(func() {
		d.lines.greet() //nolint:errcheck // reading tells why it failed
		d.rpc = jrpc2.NewClient(d.lines, &jrpc2.ClientOptions{OnStop: d.hungUp})
		_, err := d.ask(serve.MethodReady, nil)
		ready <- err
	})
	limit := time.NewTimer(d.limits.Start)
	defer limit.Stop()
	select {
	case err := <-ready:
		return err
	case <-limit.C:
		return d.hang(d.limits.Start)
	case <-ctx.Done():
		return fmt.Errorf("waiting for the learner's program to serve: %w", ctx.Err())
	}
}

// ask makes one request and waits for its result, or for the program's end.
func (d *Driver) ask(method string, params any) (json.RawMessage, error) {
	var raw json.RawMessage
	err := d.rpc.CallResult(context.Background(), method, params, &raw)
	if err == nil {
		return raw, nil
	}
	var fault *jrpc2.Error
	if errors.As(err, &fault) && !d.rpc.IsStopped() {
		return nil, fmt.Errorf("asking the learner's program for %s: %w", method, err)
	}
	<-d.ended
	return nil, d.err
}

// Close ends the program and frees what it held. Calls under way return
// ErrClosed. Closing twice is no error.
func (d *Driver) Close() error { return d.end() }
