//go:build docker

package grade_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/labenv"
	"wirelab/labenv/docker"
)

// A lab of containers and one in namespaces cannot be told apart by a verdict:
// with the same seed every check has the same outcome, points and reasons. One
// submission of each kind is enough here; `make verify` proves all exercises on
// both.
func TestParity(t *testing.T) {
	containers, err := docker.Open(t.Context(), docker.Config{Labhost: buildtest.Builder().Labhost, Rooms: 2})
	if containers != nil {
		t.Cleanup(func() { assert.NoError(t, containers.Close()) })
	}
	require.NoError(t, err)
	for _, c := range []struct {
		id     string
		folder folder
		checks []string // none: all
	}{
		{"06_probe", reference(t, "06_probe"), nil},
		{"06_probe", mutant(t, "06_probe", "error-text-compared"), nil},
		{"07_scan", mutant(t, "07_scan", "filtered-is-closed"), nil},
		{"15_pin", mutant(t, "15_pin", "loops-over-what-came"), killers(t, "15_pin", "loops-over-what-came")},
	} {
		dir := submission(t, map[string]folder{c.id: c.folder})
		graded := func(lab labenv.Maker) check.Exercise {
			g := grader(t)
			g.Lab, g.Hurry, g.Checks = lab, true, c.checks
			return only(t, timeless(g.Submission(t.Context(), dir, pick(t, g, c.id)), dir))
		}
		assert.Equal(t, verdicts(graded(buildtest.Lab())), verdicts(graded(containers.Start)), c.id)
	}
}

// verdict is what a learner is told.
type verdict struct {
	id       string
	status   check.Status
	points   int
	message  string
	expected string
	actual   string
}

func verdicts(ex check.Exercise) []verdict {
	var all []verdict
	for _, c := range ex.Checks {
		message, _, _ := strings.Cut(c.Message, "\n") // stack frames and the like follow
		all = append(all, verdict{c.ID, c.Status, c.Points, message, c.Expected, c.Actual})
	}
	return all
}
