package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

func TestExitStatus(t *testing.T) {
	// A report that calls itself passed is not believed over its parts.
	passedBut := func(s check.Status) check.Report {
		return run(check.Pass, talk(), probe(check.Pass, opens(), result("x", "x", s, 0, 1)))
	}
	for _, c := range []struct {
		name   string
		report check.Report
		want   int
	}{
		{"all passed", run(check.Pass, talk(), passed()), 0},
		{"a check failed", run(check.Fail, talk(), sample()), 1},
		{"does not compile", run(check.Fail, notCompiling()), 1},
		{"not started", run(check.NotStarted, notStarted()), 1},
		{"passed and not started", run(check.NotStarted, talk(), notStarted()), 1},
		{"an exercise not started in a report that passed", run(check.Pass, talk(), notStarted()), 1},
		{"an error", run(check.Error, judgedInPart()), 3},
		{"an error beside fails", run(check.Fail, sample(), notJudged(), notStarted()), 3},
		{"only the report knows of the error", run(check.Error, talk()), 3},
		{"only the report knows of the fail", run(check.Fail, talk()), 1},
		{"a check failed in what passed", passedBut(check.Fail), 1},
		{"a check blocked in what passed", passedBut(check.Blocked), 1},
		{"a check in error in what passed", passedBut(check.Error), 3},
		{"a check nobody judged", passedBut(""), 3},
		{"an exercise nobody judged", run(check.Pass, probe("")), 3},
		{"a status of another version", passedBut("maybe"), 3},
		{"nothing was graded", run(check.Pass), 3},
		{"the zero report", check.Report{}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, report.ExitStatus(c.report))
		})
	}
}
