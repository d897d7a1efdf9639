package netns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/labhost/stdio"
)

// process is a program in the seat.
type process struct {
	lab   *lab
	pid   int
	pipes *stdio.Pipes

	closing sync.Once
	err     error
}

// Start runs prog in the seat.
func (l *lab) Start(ctx context.Context, prog labenv.Program) (labenv.Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the program: %w", err)
	}
	pipes, theirs, err := stdio.Open(prog.Terminal)
	defer func() {
		for _, f := range theirs {
			_ = f.Close() // the program has its own copies
		}
	}()
	if err != nil {
		return nil, errors.Join(err, pipes.Close())
	}
	p := &process{lab: l, pipes: pipes}
	request := protocol.ProgramRequest{
		Args: prog.Args, NetRaw: prog.NetRaw, Files: prog.Files, Limits: prog.Limits.OrDefault(), Guards: l.guards,
	}
	if err := p.begin(ctx, request, append([]*os.File{prog.Exe}, theirs...)); err != nil {
		return nil, errors.Join(fmt.Errorf("start the program: %w", translate(err)), pipes.Close())
	}
	return p, nil
}

// begin has the seat start the program. Where ctx ends meanwhile, the program
// is killed as soon as it runs.
func (p *process) begin(ctx context.Context, request protocol.ProgramRequest, files []*os.File) error {
	call, err := p.lab.seat.Send(protocol.StartProgram, request, files)
	if err != nil {
		return err
	}
	var r protocol.ProgramReply
	_, err = call.Answer(ctx, &r)
	p.pid = r.PID
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		go func() { //nolint:gosec // the caller's context has ended: that is why
			var late protocol.ProgramReply
			if _, err := call.Answer(context.Background(), &late); err == nil {
				// An error means that the lab is gone, and the program with it.
				_ = (&process{lab: p.lab, pid: late.PID}).end(context.Background())
			}
		}()
	}
	return err
}

// Channel is the program's descriptor 3.
func (p *process) Channel() io.ReadWriteCloser { return p.pipes.Channel }

// Stdout is what the program prints.
func (p *process) Stdout() io.Reader { return p.pipes.Stdout }

// Stderr is what the program prints on stderr.
func (p *process) Stderr() io.Reader { return p.pipes.Stderr }

func (p *process) call(ctx context.Context, method string, params, result any) error {
	_, err := p.lab.seat.Call(ctx, method, params, nil, result)
	return translate(err)
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

// Close kills the program and frees what it held. A lab that is closed already
// has killed it.
func (p *process) Close() error {
	p.closing.Do(func() {
		err := p.end(context.Background())
		if errors.Is(err, labenv.ErrClosed) {
			err = nil
		}
		p.err = errors.Join(err, p.pipes.Close())
	})
	return p.err
}

// end kills the program and waits until nothing of it is left: its connections
// are reset then, and its descriptors closed.
func (p *process) end(ctx context.Context) error {
	if err := p.Signal(ctx, int(unix.SIGKILL)); err != nil {
		return err
	}
	_, err := p.Wait(ctx)
	return err
}
