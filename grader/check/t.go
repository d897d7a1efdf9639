package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// T is what a check holds. It satisfies testify's TestingT. Its methods are
// for the goroutine that runs the check.
type T struct {
	ctx    context.Context
	runner *Runner
	id     string
	draft  *plan.Draft

	patience time.Duration // see Patience
	result   Result
	failed   bool
	broken   error // the kit's own failure
	finished bool  // the check's function came to its end
	benches  []*Bench
	turn     bool // it is this check's turn to start a lab
	cleanups []func()
}

func newT(ctx context.Context, r *Runner, id string) *T {
	return &T{ctx: ctx, runner: r, id: id, draft: plan.New(seedFor(r.Seed, r.Exercise.ID, id)), patience: cmp.Or(r.Patience, callLimit)}
}

// Context ends when the run is given up.
func (t *T) Context() context.Context { return t.ctx }

// Draft is the check's plan, drawn from the run's seed.
func (t *T) Draft() *plan.Draft { return t.draft }

// Patience sets how long a call may take beyond its own context, on benches
// that are made from now on, before the program is said to hang. A check
// whose calls a slow but right program may take long over asks for more.
func (t *T) Patience(d time.Duration) { t.patience = d }

// Name returns the check's id.
func (t *T) Name() string { return t.id }

// Helper is there for testify.
func (t *T) Helper() {}

// Cleanup runs f after the check, the latest first.
func (t *T) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Step adds to the action log, which a failing check prints.
func (t *T) Step(format string, args ...any) {
	t.result.Steps = append(t.result.Steps, fmt.Sprintf(format, args...))
}

// Errorf notes that the learner's code is wrong. The check goes on.
func (t *T) Errorf(format string, args ...any) {
	t.fail(plain(fmt.Sprintf(format, args...)))
}

func (t *T) fail(message string) {
	t.failed = true
	if t.result.Message == "" {
		t.result.Message = message
	}
}

// FailNow ends the check.
func (t *T) FailNow() {
	t.failed = true
	runtime.Goexit()
}

// Failf ends the check with a sentence for the learner.
func (t *T) Failf(format string, args ...any) {
	t.fail(fmt.Sprintf(format, args...))
	t.FailNow()
}

// Broken ends the check because the kit or the lab failed. Nobody loses points.
func (t *T) Broken(err error) {
	t.broken = errors.Join(t.broken, err)
	runtime.Goexit()
}

// plain takes testify's tables apart: what a learner needs of one is its
// message and the difference, not the grader's own lines.
func plain(text string) string {
	if !strings.Contains(text, "Error Trace:") {
		return strings.TrimSpace(text)
	}
	sections := map[string][]string{}
	var name string
	for line := range strings.Lines(text) {
		// "\tlabel:   \ttext", or "\t   \ttext" for a further line of it.
		label, body, _ := strings.Cut(strings.TrimPrefix(line, "\t"), "\t")
		if label = strings.TrimSpace(label); label != "" {
			name = strings.TrimSuffix(label, ":")
		}
		sections[name] = append(sections[name], strings.TrimRight(body, " \n"))
	}
	parts := slices.Concat(sections["Messages"], sections["Error"])
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

// run runs one check to its outcome.
func (t *T) run(s Spec) Result {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.recover() // of a panic in a cleanup
		defer t.cleanup()
		defer t.recover()
		s.Run(t)
		for _, b := range t.benches {
			b.holdScope()
		}
		for _, b := range t.benches {
			b.holdSandbox()
		}
		t.finished = true
	}()
	<-done
	return t.outcome()
}

// recover turns a panic in a check into the kit's own error.
func (t *T) recover() {
	if r := recover(); r != nil {
		t.broken = fmt.Errorf("check %s panicked: %v", t.id, r)
	}
}

// cleanup closes what the check opened and takes what can be known only then.
func (t *T) cleanup() {
	t.giveTurn()
	for _, f := range t.cleanups {
		defer f()
	}
	for _, b := range t.benches {
		defer b.close()
	}
}

// outcome decides. A check that neither failed nor came to its end has proved
// nothing: that is an error, whatever the reason. So is one that was under way
// when the run was given up: what it blames on the learner may be due to that.
func (t *T) outcome() Result {
	passed := t.finished && !t.failed && t.broken == nil
	switch {
	case t.ctx.Err() != nil && !passed:
		t.result.Status, t.result.Message = Error, "the run was given up before this check had ended"
	case t.broken != nil:
		t.result.Status, t.result.Message = Error, t.broken.Error()
	case t.failed:
		t.result.Status = Fail
	case !t.finished:
		t.result.Status, t.result.Message = Error, "the check ended before it had proved anything"
	default:
		t.result.Status = Pass
		t.result.Steps = nil
	}
	return t.result
}

// lab starts a lab for the check.
func (t *T) lab(p plan.Plan) labenv.Lab {
	l, err := t.runner.Lab(t.ctx, p)
	if err != nil {
		t.Broken(fmt.Errorf("start a lab: %w", err))
	}
	return l
}

// Explain puts what the learner's function said, what was expected, and what
// followed the last frame into the result of a check that is about to fail.
func (t *T) Explain(actual, expected, aftermath string) {
	t.result.Actual, t.result.Expected, t.result.Aftermath = actual, expected, aftermath
}
