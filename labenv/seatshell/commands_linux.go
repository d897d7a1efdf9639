package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/interp"

	"wirelab/labenv/plan"
)

// command is one of the shell's own.
type command struct {
	name, args, does string
	// run does it. What it returns is printed by whoever called it.
	run func(ctx context.Context, hc interp.HandlerContext, args []string) error
}

// own lists the shell's own commands.
func own() []command {
	return []command{
		{"connect", "HOST PORT...", "what connect(2) makes of each port, with the errno and the time", connect},
		{"talk", "HOST PORT", "sends standard input to the port, and prints what it answers", talk},
		{"resolve", "NAME", "asks the target's DNS, " + dnsServer().String() + "; an address is asked for its name", resolve},
		{"tools", "", "prints this; `help` without more does the same", tools},
	}
}

// errUsage is returned by a command that was called the wrong way.
var errUsage = errors.New("wrong usage")

// ownCommands lets the shell's own commands go before programs.
func ownCommands(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(ctx context.Context, args []string) error {
		for _, c := range own() {
			if c.name == args[0] {
				return c.do(ctx, args[1:])
			}
		}
		return next(ctx, args)
	}
}

// do runs a command and turns what came of it into a status, as programs do.
func (c command) do(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	err := c.run(ctx, hc, args)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errUsage):
		fmt.Fprintf(hc.Stderr, "usage: %s %s\n", c.name, c.args)
		return interp.ExitStatus(statusUsage)
	case ctx.Err() != nil:
		return interp.ExitStatus(statusFailed) // whoever interrupts needs no reason
	}
	fmt.Fprintf(hc.Stderr, "%s: %v\n", c.name, err)
	return interp.ExitStatus(statusFailed)
}

// renameHelp takes `help` for the seat's own help. `help cd` is still the
// interpreter's.
func renameHelp(_ context.Context, args []string) ([]string, error) {
	if len(args) == 1 && args[0] == "help" {
		return []string{"tools"}, nil
	}
	return args, nil
}

// greeting is what somebody reads who sits down.
func greeting() string {
	p := plan.Practice()
	return fmt.Sprintf("You sit at %s. The target is %s (target.lab.test); %s is out of scope.\n"+
		"`help` lists what there is, `exit` takes you back.\n", p.Seat.Addr, p.Target.Addr, p.Neighbour.Addr)
}

// tools lists what can be called here, and where it comes from.
func tools(_ context.Context, hc interp.HandlerContext, args []string) error {
	if len(args) > 0 {
		return errUsage
	}
	fmt.Fprintln(hc.Stdout, "This shell's own (labenv/seatshell):")
	for _, c := range own() {
		fmt.Fprintf(hc.Stdout, "  %-22s %s\n", strings.TrimSpace(c.name+" "+c.args), c.does)
	}
	fmt.Fprintln(hc.Stdout, "Bash's language and builtins (mvdan.cc/sh): pipes, loops, $(…), echo, read; `help cd` explains one.")
	fmt.Fprintln(hc.Stdout, "Programs that you brought along:")
	for _, name := range programs() {
		fmt.Fprintln(hc.Stdout, "  "+name)
	}
	fmt.Fprintln(hc.Stdout, "  (put a static program into bin/seat/, built with CGO_ENABLED=0 for instance, and `make lab-up` once more)")
	return nil
}

// programs returns the names of what lies in binDir. That nothing does is fine.
func programs() []string {
	entries, err := os.ReadDir(binDir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return slices.Sorted(slices.Values(names))
}
