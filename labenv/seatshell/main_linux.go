// Command seatshell is the shell of the seat of docker-compose.yml, whose image
// has nothing else: an interpreter of Bash's language (mvdan.cc/sh), with a few
// commands of its own for looking at ports, and whatever static programs the
// image has in /bin. With -c it runs one command line; with -wait it does
// nothing until it is told to end, which is what keeps the container up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"mvdan.cc/sh/v3/interp"
)

func main() {
	wait := flag.Bool("wait", false, "wait for SIGTERM or SIGINT")
	command := flag.String("c", "", "run this `command` line and end")
	flag.Parse()
	if flag.NArg() > 0 || *wait && *command != "" {
		flag.Usage()
		os.Exit(statusUsage)
	}
	if *wait {
		waitForEnd()
		return
	}
	os.Exit(status(run(*command)))
}

// run runs a command line, or a conversation where there is none.
func run(command string) error {
	sh, err := newShell(os.Stdin, os.Stdout, os.Stderr)
	if err != nil {
		return err
	}
	if command == "" {
		return sh.converse()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return sh.line(ctx, command)
}

// The statuses that a shell gives where it has something to say itself.
const (
	statusFailed = 1
	statusUsage  = 2
)

// status returns the exit status for what came of a run, and prints what is
// not said by a status alone.
func status(err error) int {
	var code interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "seatshell:", err)
	return statusFailed
}
