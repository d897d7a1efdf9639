// Package stdio makes what a program in the seat reads and writes: its
// channel, and its standard output and error. The kit uses it for a seat of
// namespaces, a container for its own.
package stdio

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
)

// Pipes are this process's ends of what a program reads and writes.
type Pipes struct {
	Channel        *net.UnixConn // the other end is the program's descriptor 3
	Stdout, Stderr io.ReadCloser // what it prints
}

// Open makes pipes, and returns the program's ends in the order in which
// protocol.StartProgram wants them. With terminal its stderr is one. Both sides
// are the caller's to close, also where Open fails half way.
func Open(terminal bool) (p *Pipes, theirs []*os.File, err error) {
	p = &Pipes{}
	conn, channel, err := fdrpc.Pair()
	if err != nil {
		return p, nil, err
	}
	p.Channel, theirs = conn, []*os.File{channel}
	stdout, w, err := os.Pipe()
	if err != nil {
		return p, theirs, fmt.Errorf("pipe: %w", err)
	}
	p.Stdout, theirs = stdout, append(theirs, w)
	stderr := pipe
	if terminal {
		stderr = openTerminal
	}
	ours, w, err := stderr()
	if err != nil {
		return p, theirs, err
	}
	p.Stderr = ours
	return p, append(theirs, w), nil
}

func pipe() (io.ReadCloser, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	return r, w, nil
}

// size is what a program is told of its terminal.
var size = pty.Winsize{Cols: 80, Rows: 24}

func openTerminal() (io.ReadCloser, *os.File, error) {
	ours, theirs, err := pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("terminal: %w", err)
	}
	if err := pty.Setsize(ours, &size); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("terminal: %w", err), ours.Close(), theirs.Close())
	}
	return terminal{ours}, theirs, nil
}

// terminal is the outer side of a terminal.
type terminal struct{ *os.File }

// Read reads what the program prints. A terminal that nobody holds any more
// says EIO, which is its end of file (pty(7)).
func (t terminal) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if errors.Is(err, unix.EIO) {
		return n, io.EOF
	}
	return n, err
}

// Close closes this side. What was closed before is no error.
func (p *Pipes) Close() error {
	var errs []error
	if p.Channel != nil {
		if err := p.Channel.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, r := range []io.Closer{p.Stdout, p.Stderr} {
		if r != nil {
			if err := r.Close(); !errors.Is(err, os.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
