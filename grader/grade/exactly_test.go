package grade

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/mutants"
)

// A mutant may fail more checks than those that are meant to kill it, unless it
// says that they are all.
func TestMutantsThatFailMore(t *testing.T) {
	m := exercise.Manifest{Checks: []exercise.Check{{ID: "asks"}, {ID: "answers"}}}
	both := check.Exercise{Status: check.Fail, Checks: []check.Result{{ID: "asks", Status: check.Fail}, {ID: "answers", Status: check.Fail}}}
	for _, c := range []struct {
		exactly  bool
		killedBy []string
		problems []string
	}{
		{false, []string{"asks"}, nil},
		{true, []string{"asks", "answers"}, nil},
		{true, []string{"asks"}, []string{"mutant m fails the check answers as well, which is not about its bug"}},
	} {
		var p Proof
		p.judgeMutant(m, mutants.Mutant{Name: "m", KilledBy: c.killedBy, Exactly: c.exactly}, both, failing(both))
		assert.Equal(t, c.problems, p.Problems, "%+v", c)
	}
}
