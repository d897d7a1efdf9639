package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/labhost/relay"
)

// process is a program in the seat.
type process struct {
	lab     *lab
	seat    *seat
	pid     int
	channel *relay.Stream
	stdout  *relay.Stream
	stderr  *relay.Stream

	closing sync.Once
	err     error
}

// Start runs prog in the seat.
func (l *lab) Start(ctx context.Context, prog labenv.Program) (labenv.Process, error) {
	bound, done := l.bound(ctx)
	defer done()
	p, err := l.start(bound, prog)
	if err != nil {
		return nil, fmt.Errorf("start the program: %w", l.translate(err))
	}
	return p, nil
}

func (l *lab) start(ctx context.Context, prog labenv.Program) (*process, error) {
	if err := errors.Join(ctx.Err(), l.ctx.Err()); err != nil {
		return nil, err
	}
	seat, err := l.room.seat(ctx, prog.NetRaw)
	if err != nil {
		return nil, err
	}
	sum, err := seat.send(ctx, prog.Exe)
	if err != nil {
		return nil, err
	}
	p := &process{lab: l, seat: seat}
	request := relay.BeginRequest{SHA256: sum, Terminal: prog.Terminal, Program: protocol.ProgramRequest{
		Args: prog.Args, NetRaw: prog.NetRaw, Files: prog.Files, Limits: prog.Limits.OrDefault(), Guards: l.labs.cfg.Guards,
	}}
	if err := p.begin(ctx, request); err != nil {
		return nil, err
	}
	if err := p.connect(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes[p] = true
	return p, nil
}

// begin has the program started. It is not given up half way: a program that
// nobody knows of would run on. One that starts when nobody wants it any more
// is ended.
func (p *process) begin(ctx context.Context, request relay.BeginRequest) error {
	var r protocol.ProgramReply
	begun := make(chan error, 1)
	go func() { begun <- p.seat.Do(context.WithoutCancel(ctx), relay.Begin, request, &r) }()
	select {
	case err := <-begun:
		p.pid = r.PID
		return err
	case <-ctx.Done():
	}
	if err := <-begun; err != nil {
		return errors.Join(ctx.Err(), err)
	}
	p.pid = r.PID
	return errors.Join(ctx.Err(), p.kill(context.WithoutCancel(ctx)))
}

// send gives the seat the program, unless it has it, and returns its SHA-256.
func (s *seat) send(ctx context.Context, exe *os.File) (string, error) {
	info, err := exe.Stat()
	if err != nil {
		return "", err
	}
	data := make([]byte, info.Size())
	if _, err := exe.ReadAt(data, 0); err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	hash := sha256.Sum256(data)
	sum := hex.EncodeToString(hash[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.program == sum {
		return sum, nil
	}
	stream, err := s.Call(ctx, relay.Put, relay.PutRequest{SHA256: sum}, data, nil)
	if err != nil {
		return "", err
	}
	s.program = sum
	return sum, stream.Close()
}

// connect opens the program's pipes.
func (p *process) connect(ctx context.Context) error {
	for _, pipe := range []struct {
		name string
		to   **relay.Stream
	}{{relay.PipeChannel, &p.channel}, {relay.PipeStdout, &p.stdout}, {relay.PipeStderr, &p.stderr}} {
		stream, err := p.seat.Call(ctx, relay.Pipe, relay.PipeRequest{PID: p.pid, Pipe: pipe.name}, nil, nil)
		if err != nil {
			return err
		}
		*pipe.to = stream
	}
	return nil
}

// Channel is the program's descriptor 3.
func (p *process) Channel() io.ReadWriteCloser { return channel{p.channel} }

// channel is a stream of which nothing can be read once it is closed.
type channel struct{ *relay.Stream }

// Close closes the channel both ways.
func (c channel) Close() error {
	err := c.Stream.Close()
	_ = c.SetReadDeadline(time.Unix(1, 0)) // who reads it, reads no more
	return err
}

// Stdout is what the program prints.
func (p *process) Stdout() io.Reader { return p.stdout }

// Stderr is what the program prints on stderr.
func (p *process) Stderr() io.Reader { return p.stderr }

func (p *process) call(ctx context.Context, method string, params, result any) error {
	if p.lab.ctx.Err() != nil {
		return labenv.ErrClosed
	}
	return p.lab.do(ctx, p.seat.member, method, params, result)
}

// Descriptors lists what the program has open.
func (p *process) Descriptors(ctx context.Context) ([]int, error) {
	var fds []int
	err := p.call(ctx, protocol.ListDescriptors, protocol.ProgramReply{PID: p.pid}, &fds)
	slices.Sort(fds)
	return fds, err
}

// LimitDescriptors sets the program's RLIMIT_NOFILE.
func (p *process) LimitDescriptors(ctx context.Context, n int) error {
	return p.call(ctx, protocol.LimitDescriptors, protocol.LimitRequest{PID: p.pid, Descriptors: n}, nil)
}

// Signal sends a signal.
func (p *process) Signal(ctx context.Context, signal int) error {
	return p.call(ctx, protocol.SignalProgram, protocol.SignalRequest{PID: p.pid, Signal: signal}, nil)
}

// Wait waits for the program's end.
func (p *process) Wait(ctx context.Context) (labenv.Exit, error) {
	var e labenv.Exit
	err := p.call(ctx, protocol.WaitProgram, protocol.ProgramReply{PID: p.pid}, &e)
	return e, err
}

const sigKill = 9

// kill ends the program and waits until nothing of it is left, whether the lab
// is still open or not.
func (p *process) kill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resetTimeout)
	defer cancel()
	if err := p.seat.Do(ctx, protocol.SignalProgram, protocol.SignalRequest{PID: p.pid, Signal: sigKill}, nil); err != nil {
		return err
	}
	return p.seat.Do(ctx, protocol.WaitProgram, protocol.ProgramReply{PID: p.pid}, nil)
}

// Close kills the program and frees what it held. A lab that is closed already
// has killed it.
func (p *process) Close() error {
	p.closing.Do(func() {
		p.lab.mu.Lock()
		running := p.lab.ctx.Err() == nil
		delete(p.lab.processes, p)
		p.lab.mu.Unlock()
		if running {
			p.err = p.kill(context.Background())
		}
		for _, s := range []*relay.Stream{p.channel, p.stdout, p.stderr} {
			if s != nil {
				_ = s.Close() // closed before, or gone with the container
			}
		}
		if p.channel != nil {
			_ = p.channel.SetReadDeadline(time.Unix(1, 0))
		}
	})
	return p.err
}
