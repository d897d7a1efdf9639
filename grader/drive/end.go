package drive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creachadair/jrpc2"

	"wirelab/grader/drivers/serve"
	"wirelab/labenv"
)

const (
	// grace is how long parts of one event may lie apart: the end of a program
	// and that of its channel and its output, a signal and what it causes.
	grace = 2 * time.Second
	// killGrace is how long a lab may take to end a program that was killed.
	killGrace = 10 * time.Second
)

// claim records why the program is being stopped. The first reason stands.
func (d *Driver) claim(cause error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return false
	}
	d.cause = cause
	return true
}

// stop kills the program for a reason.
func (d *Driver) stop(cause error) {
	if d.claim(cause) {
		d.kill()
	}
}

func (d *Driver) kill() {
	time.AfterFunc(killGrace, d.giveUp)
	if d.signal(sigKill) != nil {
		d.closeProc() //nolint:errcheck // once only: Close returns this error
	}
}

func (d *Driver) signal(number int) error {
	ctx, cancel := context.WithTimeout(d.reaping, grace)
	defer cancel()
	return d.proc.Signal(ctx, number)
}

// hang makes a program that does not answer print its goroutines (that is what
// SIGQUIT does to a Go program), ends it and returns why calls fail now.
func (d *Driver) hang(after time.Duration) error {
	if d.claim(&HangError{After: after}) {
		d.signal(sigQuit) //nolint:errcheck // without it the stack is missing, no more
		select {
		case <-d.ended:
		case <-time.After(grace):
			d.kill()
		}
	}
	<-d.ended
	return d.err
}

// hungUp is called once, when nothing more comes from the channel. Where the
// program has not ended either, it is stopped.
func (d *Driver) hungUp(_ *jrpc2.Client, err error) {
	close(d.stopped)
	var tamper *TamperError
	var flood *FloodError
	if errors.As(err, &tamper) || errors.As(err, &flood) {
		d.stop(err)
		return
	}
	select {
	case <-d.ended:
	case <-time.After(grace):
		d.stop(&TamperError{Closed: true})
	}
}

// reap waits for the program's end and for what it left in channel and pipes.
func (d *Driver) reap(drained <-chan struct{}) {
	defer close(d.ended)
	exit, err := d.proc.Wait(d.reaping)
	late := time.After(grace)
	for _, over := range []<-chan struct{}{d.stopped, drained} {
		select {
		case <-over:
		case <-late:
		}
	}
	d.err, d.exit, d.lost = d.explain(exit, err), exit, err
	d.lines.Close()
}

// explain says why calls fail, now that the program has ended. What it adds to
// the cause goes into a copy: jrpc2 may be reading the cause.
func (d *Driver) explain(exit labenv.Exit, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch cause := d.cause.(type) { //nolint:errorlint // the driver's own causes, never wrapped
	case *HangError:
		return &HangError{After: cause.After, Stack: d.output.lastTrace().all(), Refused: exit.Refused}
	case *TamperError:
		return &TamperError{Line: cause.Line, Closed: cause.Closed, Refused: exit.Refused}
	case *FloodError:
		return &FloodError{Where: cause.Where, Limit: cause.Limit, Refused: exit.Refused}
	case nil:
		return d.explainEnd(exit, err)
	default:
		return cause
	}
}

// explainEnd says why a program ended that nobody stopped.
func (d *Driver) explainEnd(exit labenv.Exit, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("waiting for the learner's program: %w", err)
	case exit.Code == serve.StatusChannelLost, exit.Code == serve.StatusHungUp:
		return &TamperError{Closed: true, Refused: exit.Refused}
	}
	t := d.output.lastTrace()
	return &CrashError{Exit: exit, Panic: t.reason, Stack: t.first(), Refused: exit.Refused}
}
