package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
)

// Whatever is no pass is told with what it takes to look into it.
func TestTally(t *testing.T) {
	tl := &tally{count: map[check.Status]int{}}
	var out bytes.Buffer
	good := check.Exercise{ID: "06_probe", Checks: []check.Result{{ID: "a", Status: check.Pass}, {ID: "b", Status: check.Pass}}}
	tl.add(&out, check.Report{Seed: 7, Exercises: []check.Exercise{good}})
	assert.Empty(t, out.String(), "a pass needs no words")

	tl.add(&out, check.Report{Seed: 8, Exercises: []check.Exercise{
		{ID: "06_probe", Checks: []check.Result{
			{ID: "a", Status: check.Fail, Message: "the verdict is wrong", Actual: "CLOSED", Steps: []string{"called Probe", "it returned"}},
			{ID: "b", Status: check.Pass},
		}},
		{ID: "07_scan", Status: check.Fail, Headline: "does not compile", Message: "scan.go:1: no"},
	}})
	tl.write(&out, 90*time.Second, "reports/soak")
	assert.Equal(t, `06_probe a: fail (seed 8)
    the verdict is wrong
    CLOSED
    called Probe
    it returned
07_scan: fail (seed 8)
    does not compile scan.go:1: no
2 runs, 5 outcomes: 3 pass, 2 fail, 0 blocked, 0 error in 1m30s
the recordings are in reports/soak, by seed
`, out.String())
}
