package checks_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/checks"
)

// TestChecks runs every hidden check on the references, as a learner's code is
// judged: built by the kit, sandboxed, in the seat of a lab.
func TestChecks(t *testing.T) {
	for _, m := range manifests(t) {
		t.Run(m.ID, func(t *testing.T) {
			results := run(t, m, referenceProgram(t, m), reference(t, m.ID), buildtest.Lab())
			for _, c := range m.Checks {
				t.Run(c.ID, func(t *testing.T) {
					r := results[c.ID]
					assert.Equal(t, check.Pass, r.Status, "%s\n%s\n%v", r.Message, r.Actual, r.Steps)
					assert.Equal(t, c.Points, r.Points)
				})
			}
		})
	}
}

func TestManifestsAndCodePairUp(t *testing.T) {
	for _, m := range everyManifest(t) {
		specs, err := check.Pair(m, checks.For(m.ID))
		require.NoError(t, err)
		require.Len(t, specs, len(m.Checks))
		for i, s := range specs {
			assert.Equal(t, m.Checks[i].ID, s.ID)
			assert.NotNil(t, s.Run, s.ID)
		}
	}
	assert.Nil(t, checks.For("99_nothing"))
}
