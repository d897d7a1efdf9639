// Package seat is the first process of a lab's seat: the place in the lab's
// network from which learners' programs run. It owns the seat's namespaces,
// starts programs in the sandbox, watches them, and is root there, while they
// are nobody. An interactive seat runs the user's own commands instead.
package seat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/protocol"
)

// seat holds the running programs.
type seat struct {
	unfit error // why nothing can be started here

	mu       sync.Mutex
	programs map[int]*program
}

// Run serves the seat on conn until the other end closes it. It must be the
// first process of its PID, mount and user namespaces.
func Run(ctx context.Context, conn *net.UnixConn) error {
	return serve(ctx, conn, prepare())
}

// RunContained serves the seat of a container, whose engine has prepared it.
func RunContained(ctx context.Context, conn *net.UnixConn) error { return serve(ctx, conn, nil) }

func serve(ctx context.Context, conn *net.UnixConn, unfit error) error {
	s := &seat{unfit: unfit, programs: map[int]*program{}}
	return fdrpc.Serve(ctx, conn, map[string]fdrpc.Handler{
		protocol.StartProgram:     s.start,
		protocol.RunCommand:       s.run,
		protocol.WaitProgram:      s.wait,
		protocol.SignalProgram:    s.signal,
		protocol.ListDescriptors:  s.descriptors,
		protocol.LimitDescriptors: s.limit,
	})
}

// prepare gives the seat a /proc of its own, and keeps the keyboard's signals
// from ending it: in a shell they are meant for the command in front.
func prepare() error {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGTTIN)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// Ambient capabilities brought an interactive seat here; what it starts
	// gets only those that it names.
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("clear ambient capabilities: %w", errno)
	}
	return nil
}

// find returns the program with that process id.
func (s *seat) find(pid int) (*program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.programs[pid]
	if !ok {
		return nil, fmt.Errorf("no program has process id %d", pid)
	}
	return p, nil
}

func (s *seat) add(p *program) protocol.ProgramReply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.programs[p.cmd.Process.Pid] = p
	return protocol.ProgramReply{PID: p.cmd.Process.Pid}
}

func (s *seat) start(_ context.Context, body json.RawMessage, files []*os.File) (any, []*os.File, error) {
	defer closeFiles(files)
	var r protocol.ProgramRequest
	if err := errors.Join(s.unfit, json.Unmarshal(body, &r)); err != nil {
		return nil, nil, err
	}
	if len(files) != 4 {
		return nil, nil, fmt.Errorf("a program needs 4 files, not %d", len(files))
	}
	p, err := startProgram(r, files)
	if err != nil {
		return nil, nil, err
	}
	return s.add(p), nil, nil
}

func (s *seat) run(_ context.Context, body json.RawMessage, files []*os.File) (any, []*os.File, error) {
	defer closeFiles(files)
	var r protocol.CommandRequest
	if err := errors.Join(s.unfit, json.Unmarshal(body, &r)); err != nil {
		return nil, nil, err
	}
	if len(files) != 3 {
		return nil, nil, fmt.Errorf("a command needs 3 files, not %d", len(files))
	}
	p, err := startCommand(r, files)
	if err != nil {
		return nil, nil, err
	}
	return s.add(p), nil, nil
}

func (s *seat) wait(ctx context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	p, err := s.named(body)
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-p.done:
		return p.exit, nil, nil
	case <-ctx.Done():
		return nil, nil, labenv.ErrClosed
	}
}

// named finds the program that a request's body names.
func (s *seat) named(body json.RawMessage) (*program, error) {
	var r protocol.ProgramReply
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	return s.find(r.PID)
}

func (s *seat) signal(_ context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	var r protocol.SignalRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, nil, err
	}
	p, err := s.find(r.PID)
	if err != nil {
		return nil, nil, err
	}
	err = p.cmd.Process.Signal(syscall.Signal(r.Signal))
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return nil, nil, err
}

// descriptors lists /proc/PID/fd: what the program has open, as the kernel
// tells it.
func (s *seat) descriptors(_ context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	p, err := s.named(body)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		return nil, nil, fmt.Errorf("list descriptors: %w", err)
	}
	fds := make([]int, 0, len(dir))
	for _, e := range dir {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, nil, fmt.Errorf("list descriptors: %w", err)
		}
		fds = append(fds, fd)
	}
	return fds, nil, nil
}

func (s *seat) limit(_ context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	var r protocol.LimitRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, nil, err
	}
	p, err := s.find(r.PID)
	if err != nil {
		return nil, nil, err
	}
	n := uint64(r.Descriptors) //nolint:gosec // the grader's own number
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil {
		return nil, nil, fmt.Errorf("limit descriptors: %w", err)
	}
	return nil, nil, nil
}

// closeFiles closes the seat's copies once a program has its own.
func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // nothing was written through the copy
	}
}
