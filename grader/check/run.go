package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"wirelab/grader/exercise"
	"wirelab/labenv"
)

// atOnce is how many checks run side by side. Most of them wait most of the
// time.
const atOnce = 16

// Runner runs the checks of one exercise against one program.
type Runner struct {
	Exercise exercise.Manifest
	Specs    []Spec
	// Program is the learner's package with the exercise's driver.
	Program *os.File
	// Scanners is the program that package scanners makes, for exercises that
	// grade a test.
	Scanners *os.File
	// Sources are the learner's files by base name, for checks that read them.
	Sources map[string][]byte
	Lab     labenv.Maker
	// Seed is what all plans are drawn from.
	Seed uint64
	// Keep stores the recording of a check and returns its name for the
	// report; nil stores nothing.
	Keep func(check string, pcapng []byte) (string, error)
	// Patience is how long a call may take beyond its own context before the
	// program is said to hang, where the check does not ask for more; 0 is 5 s.
	Patience time.Duration
	// Only names the checks to run; those that they need run as well. None
	// named, all run.
	Only []string
	// Hurry leaves out what only makes a verdict surer, or a report fuller: for
	// proofs that try many wrong solutions.
	Hurry bool
	// Done is called after each check with how many have ended; nil is fine.
	Done func(done, total int)

	turns turns
	slots chan struct{} // for trials
}

// ErrUnpaired is matched by Run's error where the manifest and the code do not
// hold the same checks.
var ErrUnpaired = errors.New("the manifest and the checks' code do not match")

// Pair checks that every check of the manifest has code and the other way
// round, and returns the code in the manifest's order. Errors: ErrUnpaired.
func Pair(m exercise.Manifest, specs []Spec) ([]Spec, error) {
	byID := map[string]Spec{}
	for _, s := range specs {
		byID[s.ID] = s
	}
	var errs []error
	var ordered []Spec
	for _, c := range m.Checks {
		s, ok := byID[c.ID]
		if !ok {
			errs = append(errs, fmt.Errorf("%w: %s: no code for check %s", ErrUnpaired, m.ID, c.ID))
			continue
		}
		ordered = append(ordered, s)
		delete(byID, c.ID)
	}
	for id := range byID {
		errs = append(errs, fmt.Errorf("%w: %s: the manifest lacks check %s", ErrUnpaired, m.ID, id))
	}
	return ordered, errors.Join(errs...)
}

// Run runs the checks and returns their results in the manifest's order.
func (r *Runner) Run(ctx context.Context) ([]Result, error) {
	specs, err := Pair(r.Exercise, r.Specs)
	if err != nil {
		return nil, err
	}
	specs = r.chosen(specs)
	results := make([]Result, len(specs))
	running := make(chan struct{}, atOnce)
	r.turns, r.slots = newTurns(), newSlots()
	var wait sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for _, i := range longestFirst(specs) {
		running <- struct{}{}
		t := newT(ctx, r, specs[i].ID)
		t.takeTurn() // here and not over there, for the order's sake
		wait.Go(func() {
			defer func() { <-running }()
			results[i] = r.one(t, specs[i])
			mu.Lock()
			defer mu.Unlock()
			if done++; r.Done != nil {
				r.Done(done, len(specs))
			}
		})
	}
	wait.Wait()
	r.block(results)
	return results, nil
}

// chosen returns the checks that Only asks for, with all that they need.
func (r *Runner) chosen(specs []Spec) []Spec {
	if len(r.Only) == 0 {
		return specs
	}
	wanted := map[string]bool{}
	for _, id := range r.Only {
		wanted[id] = true
	}
	var kept []Spec
	for _, s := range slices.Backward(specs) { // a check needs only earlier ones
		if wanted[s.ID] {
			c, _ := r.Exercise.Check(s.ID)
			for _, need := range c.Needs {
				wanted[need] = true
			}
			kept = append(kept, s)
		}
	}
	slices.Reverse(kept)
	return kept
}

// one runs one check and adds what the manifest says of it.
func (r *Runner) one(t *T, s Spec) Result {
	start := time.Now()
	res := t.run(s)
	c, _ := r.Exercise.Check(s.ID)
	res.ID, res.Title, res.MaxPoints = c.ID, c.Title, c.Points
	res.DurationMS = time.Since(start).Milliseconds()
	switch res.Status {
	case Pass:
		res.Points = c.Points
	case Fail:
		res.Lesson, res.Hint = c.Lesson, "make hint EX="+r.Exercise.Name()
	}
	return res
}

// block replaces the outcomes of checks that need one that did not pass.
func (r *Runner) block(results []Result) {
	status := map[string]Status{}
	for i := range results {
		res := &results[i]
		c, _ := r.Exercise.Check(res.ID)
		for _, need := range c.Needs {
			if status[need] != Pass && res.Status != Error {
				*res = Result{ID: c.ID, Title: c.Title, MaxPoints: c.Points, Status: Blocked, BlockedBy: need}
				break
			}
		}
		status[c.ID] = res.Status
	}
}
