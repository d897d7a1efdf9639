package drive

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"wirelab/labenv"
)

// Program is one run of a program that is its own master: it is started with
// arguments, prints, and ends. Its methods may be called from several
// goroutines.
type Program struct {
	*life
	stdout, stderr stream
	began          time.Time
	late           func() time.Duration // ends the control timer, and tells how late it was
}

// Ended is how a run of a program came out.
type Ended struct {
	Code           int    // exit status
	Stdout, Stderr string // all that it printed
	// Took is the time from the start to the end, Late the most by which a
	// control timer was late meanwhile (Reply has it, too).
	Took, Late time.Duration
}

// Watch takes over a program that was just started, and reads what it prints.
// began is the time just before the start: what is counted from there is never
// too short. The program is the Program's from then on.
func Watch(began time.Time, p labenv.Process, limits Limits) *Program {
	w := &Program{life: newLife(p, limits), began: began, late: sync.OnceValue(startControl().stop)}
	drained := w.output.drain(io.TeeReader(p.Stdout(), &w.stdout), io.TeeReader(p.Stderr(), &w.stderr))
	w.helpers.Go(func() {
		w.reap(w.endedByItself, drained)
		w.late()
	})
	return w
}

// endedByItself says what is wrong with the end of a program that nobody
// stopped: nothing, unless it crashed.
func (w *Program) endedByItself(exit labenv.Exit) error {
	t := w.output.lastTrace()
	if exit.Signal == 0 && !exit.Memory && t.reason == "" {
		return nil
	}
	return &CrashError{Exit: exit, Panic: t.reason, Stack: t.first(), Refused: exit.Refused}
}

// Interrupt sends the program SIGINT, as Ctrl-C on its terminal does.
func (w *Program) Interrupt(ctx context.Context) error { return w.proc.Signal(ctx, sigInt) }

// Wait waits until the program has ended, for Limits.Call from its start. Errors:
// CrashError, HangError and FloodError, as calls of a Driver's have them, and the
// end of ctx.
func (w *Program) Wait(ctx context.Context) (Ended, error) {
	limit := time.NewTimer(time.Until(w.began.Add(w.limits.Call)))
	defer limit.Stop()
	select {
	case <-w.ended:
	case <-ctx.Done():
		return Ended{}, ctx.Err()
	case <-limit.C:
		if err := w.hang(w.limits.Call); err != nil {
			return Ended{}, err
		}
	}
	if w.err != nil {
		return Ended{}, w.err
	}
	return Ended{
		Code: w.exit.Code, Stdout: w.stdout.String(), Stderr: w.stderr.String(),
		Took: w.over.Sub(w.began), Late: w.late(),
	}, nil
}

// Stderr returns what the program has printed on stderr so far.
func (w *Program) Stderr() string { return w.stderr.String() }

// Close ends the program and frees what it held. Closing twice is no error.
func (w *Program) Close() error { return w.end() }

// stream is what was printed, whole; whoever prints too much is stopped.
type stream struct {
	mu   sync.Mutex
	data bytes.Buffer
}

// Write keeps p.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.Write(p)
}

// String returns what was printed so far.
func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.String()
}
