package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// binDir is where the seat's image has the programs of bin/seat.
const binDir = "/bin"

// killTimeout is how long a program may take to end that was told to.
const killTimeout = 2 * time.Second

// shell reads command lines and runs them.
type shell struct {
	in, out, err *os.File
	runner       *interp.Runner
}

func newShell(stdin, stdout, stderr *os.File) (*shell, error) {
	env := append(os.Environ(), "PATH="+binDir, "HOME=/")
	runner, err := interp.New(
		interp.Interactive(true),
		interp.StdIO(stdin, stdout, stderr),
		interp.Env(expand.ListEnviron(env...)),
		interp.CallHandler(renameHelp),
		interp.ExecHandlers(ownCommands, func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
			return interp.DefaultExecHandler(killTimeout)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start the shell: %w", err)
	}
	return &shell{in: stdin, out: stdout, err: stderr, runner: runner}, nil
}

// line runs one command line.
func (s *shell) line(ctx context.Context, text string) error {
	parsed, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return err
	}
	return s.runner.Run(ctx, parsed)
}

// converse reads command lines until standard input ends, or `exit` does it.
// Somebody who types is greeted and prompted; a script that is sent is not.
func (s *shell) converse() error {
	typed := isTerminal(s.in)
	if typed {
		fmt.Fprint(s.out, greeting())
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	input := &lines{from: s.in}
	for {
		err := s.sentences(input, interrupted, typed)
		var wrong syntax.ParseError
		if !errors.As(err, &wrong) {
			return err
		}
		fmt.Fprintln(s.err, "syntax:", wrong.Text) // the rest of its line is gone with it
	}
}

// sentences runs what is read until the input ends or cannot be understood.
func (s *shell) sentences(input io.Reader, interrupted <-chan os.Signal, typed bool) error {
	prompt := func(text string) {
		if typed {
			fmt.Fprint(s.out, text)
		}
	}
	parser := syntax.NewParser()
	var last error
	prompt("seat$ ")
	for stmts, err := range parser.InteractiveSeq(input) {
		if err != nil {
			return err
		}
		if parser.Incomplete() {
			prompt("> ")
			continue
		}
		var over bool
		if over, last = s.statements(stmts, interrupted); over {
			return last
		}
		prompt("seat$ ")
	}
	return last
}

// statements runs statements one after the other. Ctrl-C ends the one that runs
// and those that are left; typed before, it was about the line in the making.
// The conversation is over when one of them was `exit`.
func (s *shell) statements(stmts []*syntax.Stmt, interrupted <-chan os.Signal) (over bool, last error) {
	select {
	case <-interrupted:
	default:
	}
	ctx, stop := until(interrupted)
	defer stop()
	for _, stmt := range stmts {
		last = s.runner.Run(ctx, stmt)
		if ctx.Err() != nil { // the interpreter takes this for an exit
			fmt.Fprintln(s.err)
			return false, interp.ExitStatus(128 + uint8(unix.SIGINT))
		}
		if s.runner.Exited() {
			return true, last
		}
	}
	return false, last
}

// until returns a context that ends with a signal. It listens until stop.
func until(signals <-chan os.Signal) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// lines reads no further than to the end of a line, so that what follows is
// left for the program that the line starts.
type lines struct {
	from io.Reader
	left []byte
}

// Read returns the next line, or as much of it as p holds.
func (l *lines) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		line, err := bufio.NewReaderSize(oneByOne{l.from}, 16).ReadBytes('\n')
		if len(line) == 0 {
			return 0, err
		}
		if err != nil {
			line = append(line, '\n') // the parser takes whole lines only
		}
		l.left = line
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

// oneByOne reads a byte at a time, as shells do.
type oneByOne struct{ from io.Reader }

// Read reads one byte.
func (o oneByOne) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return o.from.Read(p[:1])
}

// isTerminal tells whether f is a terminal: it has a terminal's settings.
func isTerminal(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	controlled := raw.Control(func(fd uintptr) { _, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	return controlled == nil && err == nil
}
