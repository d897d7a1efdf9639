// Command wirelab is the kit's command line: it shows a scan, checks learners'
// work, proves exercises sound, and opens the lab for exploring. `wirelab
// --help` lists the commands; exit statuses are 0 for all passed, 1 for a failed
// check, 2 for wrong usage, and 3 where the grader or the lab itself failed or
// was interrupted. `lab exec` and `lab shell` end with their command's own status.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	statusPassed = 0
	statusFailed = 1
	statusUsage  = 2
	statusBroken = 3
)

// cli is the grammar of the command line.
type cli struct {
	Demo      demoCommand      `cmd:"" help:"Show a scan of the practice lab, with the packet behind each verdict."`
	Check     checkCommand     `cmd:"" help:"Grade exercises: all of them, or those named."`
	Grade     gradeCommand     `cmd:"" help:"Grade a class: every submission in a folder."`
	Replay    replayCommand    `cmd:"" help:"Repeat the run behind a student's results: same files, same labs."`
	Regrade   regradeCommand   `cmd:"" help:"Grade a class again after a change of the kit, and say who gains and loses what."`
	Gradebook gradebookCommand `cmd:"" help:"Write a class's gradebooks anew, with roster, deadline and marks changed by hand."`
	Similar   similarCommand   `cmd:"" help:"List pairs of submissions that resemble each other: to look at, no verdict."`
	Pack      packCommand      `cmd:"" help:"Put your work into one file to hand in."`
	Take      takeCommand      `cmd:"" help:"Take your work over from an older kit."`
	Reset     resetCommand     `cmd:"" help:"Start an exercise afresh; your work is kept aside."`
	Release   releaseCommand   `cmd:"" help:"Make the learner's kit: no solutions, no checks, prebuilt programs."`
	Verify    verifyCommand    `cmd:"" help:"Prove exercises sound: the stub fails, the reference passes, every mutant is caught."`
	New       newCommand       `cmd:"" help:"Begin a new exercise (for authors)."`
	List      listCommand      `cmd:"" help:"List the exercises."`
	Hint      hintCommand      `cmd:"" help:"Show the next hint for an exercise."`
	Lab       labCommands      `cmd:"" help:"Explore the practice lab, and look after labs."`
}

// console is where a command talks to.
type console struct {
	out, err io.Writer
}

// exitStatus ends a command with a status of its own, without a message.
type exitStatus int

// Error satisfies error.
func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// errInterrupted ends a command that Ctrl-C or SIGTERM cut short. What was not
// graded has neither passed nor failed.
var errInterrupted = errors.New("interrupted: the run is not finished, and nothing of it is reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], console{out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(status)
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, c console) int {
	exited := -1
	parser, err := newParser(ctx, c, func(status int) { exited = status })
	if err != nil {
		fmt.Fprintln(c.err, "wirelab:", err)
		return statusBroken
	}
	if len(args) == 0 || slices.Equal(args, []string{"lab"}) {
		args = append(args, "--help") // a group of commands, and none of them named
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help has been answered
	}
	if err != nil {
		fmt.Fprintf(c.err, "wirelab: %v\ntry `wirelab --help`\n", err)
		return statusUsage
	}
	return status(ctx, parsed.Run(), c)
}

// newParser makes the parser of the command line. exit is called with the
// status where --help was asked for and answered.
func newParser(ctx context.Context, c console, exit func(int)) (*kong.Kong, error) {
	return kong.New(&cli{},
		kong.Name("wirelab"),
		kong.Description("A lab kit that teaches network programming and port scanning in Go."),
		kong.Writers(c.out, c.err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeText)),
		kong.KindMapper(reflect.Uint64, kong.MapperFunc(decodeNumber)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c),
	)
}

// status says what went wrong and returns the exit status for it.
func status(ctx context.Context, err error, c console) int {
	var exit exitStatus
	switch {
	case err == nil:
		return statusPassed
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil:
		err = errInterrupted // whatever else went wrong followed from that
	}
	fmt.Fprintln(c.err, "wirelab:", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	var noLab labError
	if errors.As(err, &noLab) {
		if advice := remedy(noLab, os.ReadFile); advice != "" {
			fmt.Fprintln(c.err, indent(advice))
		}
	}
	if isUsage(err) {
		return statusUsage
	}
	return statusBroken
}
