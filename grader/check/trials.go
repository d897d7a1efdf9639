package check

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"wirelab/grader/exercise"
	"wirelab/grader/trial"
	"wirelab/labenv/plan"
)

// Trial is one meeting of the learner's test with a scanner.
type Trial struct {
	Scanner string
	Plan    plan.Plan
	// Elsewhere and Drop are trial.Config's.
	Elsewhere bool
	Drop      func(sent bool) bool
	// Flaw says what is wrong, for the learner; "" where nothing is.
	Flaw string
}

// Tried is a trial with its outcome.
type Tried struct {
	Trial
	trial.Outcome
}

// Accepted tells whether the test passed.
func (r Tried) Accepted() bool { return r.Verdict == trial.Accepted }

// newSlots lets as many trials run side by side as keep the machine's cores busy:
// a trial waits half of its time.
func newSlots() chan struct{} { return make(chan struct{}, runtime.GOMAXPROCS(0)+1) }

// Try makes trials, several at once, and returns their outcomes in order.
func (t *T) Try(trials ...Trial) []Tried {
	return t.try(trials, func(Tried) bool { return false })
}

// try makes trials until all are made, or enough says so of one. Those that were
// not made are left out.
func (t *T) try(trials []Trial, enough func(Tried) bool) []Tried {
	t.giveTurn()
	var mu sync.Mutex
	var wait sync.WaitGroup
	out, errs, stop := make([]*Tried, len(trials)), make([]error, len(trials)), false
	for i, tr := range trials {
		t.runner.slots <- struct{}{}
		mu.Lock()
		over := stop
		mu.Unlock()
		if over {
			<-t.runner.slots
			break
		}
		wait.Go(func() {
			defer func() { <-t.runner.slots }()
			outcome, err := trial.Run(t.ctx, trial.Config{
				Lab: t.runner.Lab, Plan: tr.Plan, Test: t.runner.Program, Scanners: t.runner.Scanners,
				Scanner: tr.Scanner, Elsewhere: tr.Elsewhere, Drop: tr.Drop,
			})
			out[i], errs[i] = &Tried{tr, outcome}, err
			mu.Lock()
			defer mu.Unlock()
			stop = stop || err != nil || enough(*out[i])
		})
	}
	wait.Wait()
	var tried []Tried
	for i, r := range out {
		if errs[i] != nil {
			t.Broken(fmt.Errorf("try the test on the scanner %s: %w", trials[i].Scanner, errs[i]))
		}
		if r != nil {
			tried = append(tried, *r)
		}
	}
	return tried
}

// Meetings is how often a trial that has to pass is made: n times, or once where
// the runner is in a hurry.
func (t *T) Meetings(n int) int {
	if t.runner.Hurry {
		return 1
	}
	return n
}

// RequireAccepted fails the check, and shows the learner's own assertion and the
// packets, where the test did not pass.
func (t *T) RequireAccepted(r Tried, says string) {
	if r.Accepted() {
		return
	}
	t.result.Output = r.Output
	if r.Capture != nil && t.runner.Keep != nil {
		name, err := t.runner.Keep(t.id, r.Capture)
		if err != nil {
			t.Broken(fmt.Errorf("keep the recording: %w", err))
		}
		t.result.Capture = name
	}
	why := r.Why
	if r.Verdict == trial.Caught {
		why = strings.Join(r.Failed, ", ") + " failed"
	}
	t.Failf("%s: %s%s", says, why, refusedBy(r))
}

func refusedBy(r Tried) string {
	if len(r.Refused) == 0 {
		return ""
	}
	return "\n" + strings.Replace(refusal(r.Refused), "your program", "your test", 1)
}

// RequireCaught makes trials, each of which has a flaw. It fails the check where
// one was not caught, and says as much as the exercise discloses.
func (t *T) RequireCaught(what string, trials ...Trial) {
	enough := func(r Tried) bool { return t.runner.Hurry && r.Verdict != trial.Caught }
	tried := t.try(trials, enough)
	missed := slices.DeleteFunc(slices.Clone(tried), func(r Tried) bool { return r.Verdict == trial.Caught })
	if len(missed) == 0 {
		return
	}
	for _, r := range missed {
		if r.Verdict == trial.Void {
			t.result.Output = r.Output
			t.Failf("on one of the %s your test said neither yes nor no: %s%s", what, r.Why, refusedBy(r))
		}
	}
	t.Failf("%s", t.disclose(what, len(tried), missed))
}

// disclose says of the trials that the test let pass as much as it may.
func (t *T) disclose(what string, tried int, missed []Tried) string {
	level := t.runner.Exercise.Disclosure
	var s strings.Builder
	if level == exercise.DiscloseNone || t.runner.Hurry { // not all were tried
		fmt.Fprintf(&s, "your test lets some of the %s pass", what)
	} else {
		fmt.Fprintf(&s, "your test caught %d of %d %s", tried-len(missed), tried, what)
	}
	shown := map[exercise.Disclosure]int{exercise.DiscloseOne: 1, exercise.DiscloseAll: len(missed)}[level]
	for _, r := range missed[:shown] {
		fmt.Fprintf(&s, "\nit accepts this one: %s", r.Flaw)
	}
	return s.String()
}

// Sources are the learner's files by base name.
func (t *T) Sources() map[string][]byte { return t.runner.Sources }
