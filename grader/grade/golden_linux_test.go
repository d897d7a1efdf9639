package grade_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/mutants"
	"wirelab/grader/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldens is the folder of the recorded reports: what a learner sees of a
// wrong submission, as text and as JSON.
const goldens = "../../testdata/reports"

// TestReports grades wrong submissions and holds the reports against recorded
// ones, less what differs from run to run.
func TestReports(t *testing.T) {
	for id, names := range map[string][]string{
		"06_probe": {"timeout-is-closed", "connects-twice", "cancelled-is-filtered", "crash-on-silence"},
		"07_scan":  {"filtered-is-closed"},
		// Twelve weak tests: each loses the points for what it does not pin. That it
		// loses no others the mutants say themselves (exactly), and verify holds it.
		"15_pin": {
			"only-open-asserted", "loops-over-what-came", "loops-over-an-empty-list", "no-packets-looked-at",
			"an-empty-trace-passes", "any-syn-ack-will-do", "only-the-error-asserted", "error-ignored",
			"one-port-left-out", "skips-on-failure", "fails-for-what-is-right", "sleeps",
		},
	} {
		for _, name := range names {
			t.Run(id+"/"+name, func(t *testing.T) {
				t.Parallel()
				g := grader(t)
				g.Reports, g.Hurry = t.TempDir(), true
				if !slices.Contains(inFull, name) {
					g.Checks = killers(t, id, name)
				}
				dir := submission(t, map[string]folder{id: mutant(t, id, name)})
				r := g.Submission(t.Context(), dir, pick(t, g, id))
				require.Equal(t, check.Fail, r.Status)
				r.Lab = "netns"
				r = timeless(r, dir)
				var text, json bytes.Buffer
				require.NoError(t, report.Text(&text, r, report.Options{}))
				require.NoError(t, report.JSON(&json, r))
				golden(t, id+"-"+name+".txt.golden", text.String())
				golden(t, id+"-"+name+".json.golden", json.String())
			})
		}
	}
}

// inFull are the submissions that meet every check of their exercise. Others meet
// those that they are meant to fail.
var inFull = []string{
	"timeout-is-closed", "connects-twice", "cancelled-is-filtered", "crash-on-silence", "filtered-is-closed",
	"one-port-left-out",
}

// killers returns the checks that a mutant is meant to fail.
func killers(t *testing.T, id, name string) []string {
	t.Helper()
	all, err := mutants.Load(id)
	require.NoError(t, err)
	for _, m := range all {
		if m.Name == name {
			return m.KilledBy
		}
	}
	t.Fatalf("there is no mutant %s", name)
	return nil
}

// golden holds text against a recorded file, or records it (-update).
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(goldens, name)
	if *update {
		require.NoError(t, os.MkdirAll(goldens, 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "record it with -update")
	assert.Equal(t, string(want), text, "if this is what learners should see, record it with -update")
}

// timeless is settled, and independent of what the seed draws, of where the
// submission lies, and of line numbers in the reference.
func timeless(r check.Report, dir string) check.Report {
	r = settled(r)
	r.Kit, r.Submission.SHA256 = "KIT", "SHA256"
	return rewritten(r, strings.NewReplacer(filepath.ToSlash(dir), "work").Replace, replacer(
		`(10\.77\.0\.10|\[(?:::ffff:)?[0-9a-f:.]+\]):[1-9]\d*`, "$1:PORT",
		`\bport [1-9]\d*`, "port PORT",
		`\.go:\d+`, ".go:LINE",
	))
}

// settled is r without what differs between two runs with the same seed: times
// and the numbers of frames, which depend on what the kernels say unasked.
func settled(r check.Report) check.Report {
	r.DurationMS = 0
	for i := range r.Exercises {
		e := &r.Exercises[i]
		e.DurationMS = 0
		for j := range e.Checks {
			c := &e.Checks[j]
			c.DurationMS = 0
			c.Frames = numbered(c.Frames)
			// Where two calls crash at once, the trace of the one that comes
			// first can be among what was printed.
			c.Output = crashed.ReplaceAllString(c.Output, "")
			// Which calls had returned before another one's crash ended them
			// depends on the machine.
			if strings.Contains(c.Message, "your program crashed") {
				c.Steps = slices.DeleteFunc(c.Steps, func(s string) bool { return strings.Contains(s, " returned after ") })
			}
		}
	}
	return rewritten(r, replacer(
		`\b(after|took|RTT|but was) [\d.]+(µs|ms|s)`, "$1 TIME",
		`\breturned [\d.]+(µs|ms|s) after`, "returned TIME after",
		`\((\d+\.\d\d)s\)`, "(TIME)", // of a test of the learner's
		// Which of package net's errors ends a dial is a matter of luck.
		`error is \S+, not`, "error is TYPE, not",
		`\bframe \d+`, "frame N",
	))
}

// crashed matches the trace of a crash.
var crashed = regexp.MustCompile(`(?s)(panic|fatal error): .*`)

// numbered counts frames from 1.
func numbered(frames []check.Frame) []check.Frame {
	for i := range frames {
		frames[i].Number, frames[i].TimeMS = i+1, 0
	}
	return frames
}

// replacer returns a function that replaces patterns, given in pairs.
func replacer(pairs ...string) func(string) string {
	return func(s string) string {
		for i := 0; i < len(pairs); i += 2 {
			s = regexp.MustCompile(pairs[i]).ReplaceAllString(s, pairs[i+1])
		}
		return s
	}
}

// rewritten passes all that r says through the functions.
func rewritten(r check.Report, fs ...func(string) string) check.Report {
	var texts []*string
	add := func(ts ...*string) { texts = append(texts, ts...) }
	add(&r.Submission.ID)
	for i := range r.Exercises {
		e := &r.Exercises[i]
		add(&e.Message, &e.LookAt)
		for j := range e.Checks {
			c := &e.Checks[j]
			add(&c.Message, &c.Expected, &c.Actual, &c.Aftermath, &c.Output)
			for k := range c.Steps {
				add(&c.Steps[k])
			}
		}
	}
	for _, s := range texts {
		for _, f := range fs {
			*s = f(*s)
		}
	}
	return r
}
