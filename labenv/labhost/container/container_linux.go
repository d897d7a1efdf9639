// Package container is the first process of each container of a lab: of a
// host, of the seat, and of the seat's network. What it is follows from the
// calls that come over its standard input (package relay); what it may do,
// from the capabilities that the engine has left it. It ends with that input,
// and the container with it: a kit that is killed leaves none behind.
package container

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/relay"
)

// Run serves the container until its standard input ends.
func Run(ctx context.Context) error {
	// Nobody in here may look into this process (proc(5), ptrace(2)).
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("become opaque: %w", err)
	}
	var n wires
	var h player
	s := newSeat()
	defer s.close()
	handlers := map[string]relay.Handler{
		relay.Hello: func(context.Context, *relay.Call) (any, error) { return relay.HelloReply{PID: os.Getpid()}, nil },
	}
	n.register(handlers)
	h.register(handlers)
	s.register(handlers)
	return relay.Serve(ctx, standard{os.Stdin, os.Stdout}, handlers)
}

// standard is standard input and output as one stream.
type standard struct {
	io.ReadCloser
	out io.WriteCloser
}

// Write writes to standard output.
func (s standard) Write(p []byte) (int, error) { return s.out.Write(p) }

// params decodes a call's parameters.
func params[T any](c *relay.Call) (T, error) {
	var v T
	err := json.Unmarshal(c.Body, &v)
	return v, err
}
