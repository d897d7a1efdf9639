package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test -update writes it")
	require.Equal(t, string(want), got)
}

func text(t *testing.T, r check.Report, o report.Options) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.Text(&b, r, o))
	return b.String()
}

// run wraps exercises in a report, summing their points.
func run(status check.Status, exercises ...check.Exercise) check.Report {
	r := check.Report{
		Version: 1, Kit: "v1.2.0", Lab: "netns", Seed: 7, Status: status, DurationMS: 2312,
		Submission: check.Submission{ID: "exercises", SHA256: strings.Repeat("5a", 32)},
		Exercises:  exercises,
	}
	for _, e := range exercises {
		r.Points += e.Points
		r.MaxPoints += e.MaxPoints
	}
	return r
}

func probe(status check.Status, checks ...check.Result) check.Exercise {
	e := check.Exercise{
		ID: "06_probe", Title: "one port, one verdict", Status: status,
		LookAt: "exercises/06_probe/probe.go", MaxPoints: 9, DurationMS: 912, Checks: checks,
	}
	for _, c := range checks {
		e.Points += c.Points
	}
	return e
}

func talk() check.Exercise {
	return check.Exercise{
		ID: "01_talk", Title: "say it, hear it out", Status: check.Pass,
		Points: 10, MaxPoints: 10, DurationMS: 1400, LookAt: "exercises/01_talk/talk.go",
		Checks: []check.Result{
			result("drips", "a reply that drips arrives whole", check.Pass, 6, 6),
			result("limit", "limit holds against an endless server", check.Pass, 4, 4),
		},
	}
}

func result(id, title string, status check.Status, points, of int) check.Result {
	return check.Result{ID: id, Title: title, Status: status, Points: points, MaxPoints: of}
}

func opens() check.Result {
	return result("accepts-is-open", "a port that accepts is OPEN", check.Pass, 2, 2)
}

func refuses() check.Result {
	return result("refuses-is-closed", "a port that refuses is CLOSED", check.Pass, 2, 2)
}

// silent is the failing check of the design's sample.
func silent() check.Result {
	c := result("silent-is-filtered", "a port that stays silent is FILTERED", check.Fail, 0, 3)
	c.Actual = "Probe(10.77.0.10:41877, timeout 300ms) returned CLOSED (conn-refused)"
	c.Expected = "FILTERED (no-response)"
	c.Frames = []check.Frame{{Number: 11, From: "seat", To: "target", Summary: "SYN"}}
	c.Aftermath = "nothing more: 300 ms later Probe gave up"
	c.Lesson = "A refusal is a packet. Silence is none: that is what FILTERED means."
	c.Hint = "make hint EX=probe"
	c.Capture = "06_probe/silent.pcapng"
	c.DurationMS = 301
	return c
}

func oneTimeout(status check.Status, points int) check.Result {
	c := result("one-timeout", "a filtered port costs one timeout, not more", status, points, 2)
	if status == check.Blocked {
		c.BlockedBy = "silent-is-filtered"
	}
	return c
}
