package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

// inLab runs a command in the seat of a practice lab.
func inLab(ctx context.Context, command []string) error {
	path, err := findCommand(command[0])
	if err != nil {
		return err
	}
	if err := downloadModules(ctx); err != nil {
		return err
	}
	labhost, err := binary.Find()
	if err != nil {
		return err
	}
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	shell, err := netns.OpenShell(ctx, netns.Config{Labhost: labhost}, plan.Practice())
	if err != nil {
		return labError{err}
	}
	defer shell.Close()
	return runIn(ctx, shell, netns.Command{
		Path: path, Args: command, Dir: wd, Env: labEnvironment(os.Environ()),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

// runIn runs a command and passes its status on. Ctrl-C is the command's: the
// terminal sends it there as well. SIGTERM, which comes to the kit alone, ends
// both.
func runIn(ctx context.Context, shell *netns.Shell, c netns.Command) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	exit, err := shell.Run(ctx, c)
	if ctx.Err() != nil {
		return exitStatus(128 + int(syscall.SIGTERM))
	}
	if err != nil {
		return err
	}
	return exitOf(exit)
}
