// Command composelab starts and ends the practice lab in containers, and opens
// a shell in its seat: `make lab-up`, `make lab-down`, `make shell LAB=compose`.
// The exit status is 2 for wrong usage and 3 where there is no engine, where
// the lab's addresses are taken, or where anything else went wrong; the shell's
// is passed on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"wirelab/grader/report"
	"wirelab/labenv/compose"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/plan"
)

// actions are what can be asked for.
var actions = map[string]func(context.Context, *compose.Lab) error{
	"up":    up,
	"down":  func(ctx context.Context, l *compose.Lab) error { return l.Down(ctx) },
	"shell": shell,
}

func main() {
	var action func(context.Context, *compose.Lab) error
	if len(os.Args) == 2 {
		action = actions[os.Args[1]]
	}
	if action == nil {
		fmt.Fprintln(os.Stderr, "usage: composelab up|down|shell")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, action)
	stop()
	os.Exit(status(err))
}

func run(ctx context.Context, action func(context.Context, *compose.Lab) error) error {
	root, err := binary.Root()
	if err != nil {
		return err
	}
	l, err := compose.Open(ctx, root, compose.Project)
	if err != nil {
		return err
	}
	return action(ctx, l)
}

func up(ctx context.Context, l *compose.Lab) error {
	if err := l.Up(ctx); err != nil {
		return err
	}
	p := plan.Practice()
	fmt.Printf("The practice lab is up: target %s, neighbour %s (out of scope), seat %s.\n"+
		"`make shell LAB=compose` takes you to the seat, `make lab-down` ends it.\n", p.Target.Addr, p.Neighbour.Addr, p.Seat.Addr)
	return nil
}

// shell opens the seat's shell. Ctrl-C is the shell's: the terminal sends it
// there, so only SIGTERM ends this program.
func shell(ctx context.Context, l *compose.Lab) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	return l.Shell(ctx, compose.Stdio{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: report.IsTerminal(os.Stdin),
	})
}

// status returns the exit status for an error, and prints it unless it is the
// shell's, which has said what there was to say.
func status(err error) int {
	var shell compose.Status
	switch {
	case err == nil:
		return 0
	case errors.As(err, &shell):
		return int(shell)
	}
	fmt.Fprintln(os.Stderr, "composelab:", err)
	return 3
}
