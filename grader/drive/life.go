package drive

import (
	"context"
	"fmt"
	"sync"
	"time"

	"wirelab/labenv"
)

const (
	// grace is how long parts of one event may lie apart: the end of a program
	// and that of its channel and its output, a signal and what it causes.
	grace = 2 * time.Second
	// killGrace is how long a lab may take to end a program that was killed.
	killGrace = 10 * time.Second
)

// life is one program in the seat, up to its end and why it came.
type life struct {
	proc labenv.Process
	// closeProc closes proc, once.
	closeProc func() error
	limits    Limits
	output    *recorder

	reaping context.Context    // bounds the wait for the program's end
	giveUp  context.CancelFunc // ends reaping
	ended   chan struct{}      // closed when the program has ended and what follows is known
	err     error              // why it ended, known after ended; nil where that is in order
	exit    labenv.Exit        // how the program ended
	over    time.Time          // when it ended
	lost    error              // why exit is not known; nil if it is
	helpers sync.WaitGroup     // the goroutines that outlive a call

	mu    sync.Mutex
	cause error // why the program was stopped; nil if it was not
}

func newLife(p labenv.Process, limits Limits) *life {
	l := &life{proc: p, closeProc: sync.OnceValue(p.Close), limits: limits.orDefault(), ended: make(chan struct{})}
	l.reaping, l.giveUp = context.WithCancel(context.Background())
	l.output = newRecorder(l.limits, func() { l.stop(&FloodError{Where: "its output", Limit: l.limits.Flood}) })
	return l
}

// claim records why the program is being stopped. The first reason stands.
func (l *life) claim(cause error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return false
	}
	l.cause = cause
	return true
}

// stop kills the program for a reason.
func (l *life) stop(cause error) {
	if l.claim(cause) {
		l.kill()
	}
}

func (l *life) kill() {
	time.AfterFunc(killGrace, l.giveUp)
	if l.signal(sigKill) != nil {
		l.closeProc() //nolint:errcheck // once only: Close returns this error
	}
}

func (l *life) signal(number int) error {
	ctx, cancel := context.WithTimeout(l.reaping, grace)
	defer cancel()
	return l.proc.Signal(ctx, number)
}

// hang makes a program that does not answer print its goroutines (that is what
// SIGQUIT does to a Go program), ends it and returns why calls fail now.
func (l *life) hang(after time.Duration) error {
	if l.claim(&HangError{After: after}) {
		l.signal(sigQuit) //nolint:errcheck // without it the stack is missing, no more
		select {
		case <-l.ended:
		case <-time.After(grace):
			l.kill()
		}
	}
	<-l.ended
	return l.err
}

// reap waits for the program's end and for that of what it left in channel and
// pipes, and says why it ended; byItself explains the end of a program that
// nobody stopped.
func (l *life) reap(byItself func(labenv.Exit) error, streams ...<-chan struct{}) {
	defer close(l.ended)
	exit, err := l.proc.Wait(l.reaping)
	l.over = time.Now()
	late := time.After(grace)
	for _, over := range streams {
		select {
		case <-over:
		case <-late:
		}
	}
	l.exit, l.lost = exit, err
	l.err = l.explain(byItself)
}

// explain says why the program ended. What it adds to the cause goes into a
// copy: jrpc2 may be reading the cause.
func (l *life) explain(byItself func(labenv.Exit) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch cause := l.cause.(type) { //nolint:errorlint // the package's own causes, never wrapped
	case *HangError:
		return &HangError{After: cause.After, Stack: l.output.lastTrace().all(), Refused: l.exit.Refused}
	case *TamperError:
		return &TamperError{Line: cause.Line, Closed: cause.Closed, Refused: l.exit.Refused}
	case *FloodError:
		return &FloodError{Where: cause.Where, Limit: cause.Limit, Refused: l.exit.Refused}
	case nil:
		if l.lost != nil {
			return fmt.Errorf("waiting for the learner's program: %w", l.lost)
		}
		return byItself(l.exit)
	default:
		return cause
	}
}

// end kills the program, if it still runs, and frees what it held.
func (l *life) end() error {
	l.stop(ErrClosed)
	<-l.ended // what it has printed is read by then; closing it would lose what is not
	err := l.closeProc()
	l.helpers.Wait()
	l.giveUp()
	return err
}

// Refused returns the system calls that the sandbox refused the program, in
// the words of labenv.Exit, also where the program never noticed. They are
// known when the program has ended: call it after Close. The error is the
// lab's, which could not tell.
func (l *life) Refused() ([]string, error) {
	<-l.ended
	return l.exit.Refused, l.lost
}

// Output returns what the program has printed so far.
func (l *life) Output() Output { return l.output.text() }
