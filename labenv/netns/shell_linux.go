package netns

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/labhost/launch"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// Shell is a lab whose seat is for the user's own commands: they keep the
// user's uid and file system, and have CAP_NET_RAW and CAP_NET_ADMIN in the
// lab's network, and no way out of it.
type Shell struct{ lab *lab }

// Command is one command for a Shell.
type Command struct {
	Path string   // of the executable
	Args []string // the first is the command's name
	Env  []string
	Dir  string
	// Stdin, Stdout and Stderr are the command's; none may be nil. Where
	// Stdin is a terminal, the command gets it to itself.
	Stdin, Stdout, Stderr *os.File
}

// OpenShell starts a lab that plays p with an interactive seat. Its errors are
// Maker's.
func OpenShell(ctx context.Context, cfg Config, p plan.Plan) (*Shell, error) {
	root := os.Getuid() == 0
	kind := protocol.SeatKind{Interactive: true, UID: os.Getuid(), GID: os.Getgid(), Many: root}
	id := launch.Self()
	id.Many = root
	l, err := start(ctx, cfg, p, kind, launch.Options{Identity: id, Terminal: true})
	if err != nil {
		return nil, err
	}
	return &Shell{lab: l}, nil
}

// Captures returns the recordings up to now.
func (s *Shell) Captures(ctx context.Context) (labenv.Captures, error) { return s.lab.Captures(ctx) }

// Run runs a command in the seat and returns how it ended. When ctx ends it is
// killed.
func (s *Shell) Run(ctx context.Context, c Command) (labenv.Exit, error) {
	var e labenv.Exit
	var r protocol.ProgramReply
	request := protocol.CommandRequest{Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir}
	_, err := s.lab.seat.Call(ctx, protocol.RunCommand, request, []*os.File{c.Stdin, c.Stdout, c.Stderr}, &r)
	if err != nil {
		return e, fmt.Errorf("run %s in the lab: %w", c.Path, translate(err))
	}
	defer reclaim(c.Stdin)
	_, err = s.lab.seat.Call(ctx, protocol.WaitProgram, r, nil, &e)
	if err != nil {
		return e, fmt.Errorf("wait for %s: %w", c.Path, translate(err))
	}
	return e, nil
}

// reclaim takes the terminal back after a command had it (tcsetpgrp(3)). The
// kit is in the background at that moment, and must not be stopped for asking.
func reclaim(terminal *os.File) {
	fd := int(terminal.Fd())
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return
	}
	signal.Ignore(unix.SIGTTOU)
	defer signal.Reset(unix.SIGTTOU)
	_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, unix.Getpgrp()) // a terminal that is gone needs none
}

// Close ends the lab and every command in it.
func (s *Shell) Close() error { return s.lab.Close() }
