package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"wirelab/grader/check"
)

// tally counts outcomes.
type tally struct {
	runs  int
	count map[check.Status]int
	wrong int // outcomes other than pass, of checks and of whole exercises
}

// add counts one run's outcomes and writes about each that is no pass.
func (t *tally) add(w io.Writer, r check.Report) {
	t.runs++
	for _, e := range r.Exercises {
		if len(e.Checks) == 0 {
			t.count[e.Status]++
			t.wrong++
			fmt.Fprintf(w, "%s: %s (seed %d)\n%s\n", e.ID, e.Status, r.Seed, indent(e.Headline+" "+e.Message))
		}
		for _, c := range e.Checks {
			t.count[c.Status]++
			if c.Status != check.Pass {
				t.wrong++
				writeWrong(w, r.Seed, e.ID, c)
			}
		}
	}
}

func writeWrong(w io.Writer, seed uint64, exercise string, c check.Result) {
	fmt.Fprintf(w, "%s %s: %s (seed %d)\n", exercise, c.ID, c.Status, seed)
	for _, line := range []string{c.Message, c.Actual, c.Expected, strings.Join(c.Steps, "\n"), c.Output} {
		if line != "" {
			fmt.Fprintln(w, indent(line))
		}
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// String sums up.
func (t *tally) String() string {
	all := 0
	for _, n := range t.count {
		all += n
	}
	return fmt.Sprintf("%d runs, %d outcomes: %d pass, %d fail, %d blocked, %d error",
		t.runs, all, t.count[check.Pass], t.count[check.Fail], t.count[check.Blocked], t.count[check.Error])
}

// write writes the sum, and where the recordings of wrong outcomes are.
func (t *tally) write(w io.Writer, took time.Duration, reports string) {
	fmt.Fprintf(w, "%v in %v\n", t, took.Round(time.Second))
	if t.wrong > 0 {
		fmt.Fprintf(w, "the recordings are in %s, by seed\n", reports)
	}
}
