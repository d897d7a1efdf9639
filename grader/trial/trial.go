// Package trial tries a test that a learner wrote on a scanner: on a lab of its
// own, with the test in one sandboxed program and the scanner in another, both in
// the seat. What the test wants of the scanner, or wants to know of the lab, it
// asks the grader for (package trial of grader/drivers is its side).
package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// limit is how long one trial may take.
const limit = 10 * time.Second

// Config describes a trial.
type Config struct {
	Lab      labenv.Maker
	Plan     plan.Plan
	Test     *os.File // a test program, as `go test -c` makes it
	Scanners *os.File // the program that package scanners makes
	Scanner  string   // which of them is tried
	// Elsewhere has the neighbour scanned where the test asks for the target.
	Elsewhere bool
	// Drop picks what is missing from the recordings that the test sees, by
	// whether the target sent it; nil drops nothing.
	Drop func(sent bool) bool
}

// Verdict is how a trial came out.
type Verdict int

// The verdicts. Only a test that says so itself has caught a scanner: one that
// crashes, hangs, ends early or skips has said nothing.
const (
	Void     Verdict = iota // the test said neither
	Accepted                // every test passed
	Caught                  // a test reported failure
)

// Outcome is what came of a trial.
type Outcome struct {
	Verdict Verdict
	Why     string   // of Void, in words
	Failed  []string // the tests that failed
	Output  string   // what the test printed, cut
	Capture []byte   // at the target, pcapng; nil where there is none
	Refused []string // what the sandbox refused the test
}

// Run makes one trial. Errors are the kit's, or the lab's.
func Run(ctx context.Context, c Config) (out Outcome, err error) {
	lab, err := c.Lab(ctx, c.Plan)
	if err != nil {
		return out, fmt.Errorf("start a lab: %w", err)
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	scanner, err := start(ctx, lab, c)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, scanner.Close()) }()
	test, err := lab.Start(ctx, labenv.Program{Exe: c.Test, Args: []string{
		"-test.v=test2json", "-test.paniconexit0", "-test.timeout=" + (2 * limit).String(),
	}})
	if err != nil {
		return out, fmt.Errorf("start the test: %w", err)
	}
	defer func() { err = errors.Join(err, test.Close()) }()
	s := &server{config: c, lab: lab, scanner: scanner, ctx: ctx, cancels: map[int64]context.CancelFunc{}}
	return s.watch(ctx, test)
}

// start starts the scanner, and tells it which to be.
func start(ctx context.Context, lab labenv.Lab, c Config) (_ *drive.Driver, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("start the scanner %s: %w", c.Scanner, err)
		}
	}()
	p, err := lab.Start(ctx, labenv.Program{Exe: c.Scanners})
	if err != nil {
		return nil, err
	}
	d, err := drive.Start(ctx, p, drive.Limits{})
	if err != nil {
		return nil, err
	}
	r, err := d.Call(ctx, "Be", c.Scanner)
	if err == nil && r.Err != nil {
		err = r.Err
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// watch serves the test until it ends, and says what came of it.
func (s *server) watch(ctx context.Context, test labenv.Process) (Outcome, error) {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var said transcript
	var reading sync.WaitGroup
	for _, r := range []io.Reader{test.Stdout(), test.Stderr()} {
		reading.Go(func() { said.read(r, cancel) })
	}

	go s.serve(test.Channel())
	exit, err := test.Wait(timed)
	switch {
	case ctx.Err() != nil:
		return Outcome{}, ctx.Err()
	case timed.Err() != nil: // it hangs, or floods; the end of the lab is its end, too
		out := Outcome{Why: fmt.Sprintf("it had not ended after %v", limit), Output: said.text()}
		if said.flooded() {
			out.Why = "it printed too much"
		}
		return out, nil
	case err != nil:
		return Outcome{}, fmt.Errorf("wait for the test: %w", err)
	}
	reading.Wait()
	out := judge(said.whole(), exit)
	out.Output, out.Refused = said.text(), exit.Refused
	if err := s.fault(); err != nil {
		return Outcome{}, err
	}
	captures, err := s.lab.Captures(ctx)
	if err != nil {
		return Outcome{}, fmt.Errorf("the recordings: %w", err)
	}
	out.Capture = captures.Target
	return out, nil
}
