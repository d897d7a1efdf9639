package report

import "wirelab/grader/check"

// The exit statuses of a run that graded something. 2 is wrong usage, and
// never comes from a report.
const (
	exitPassed = 0
	exitFailed = 1
	exitError  = 3
)

// ExitStatus is 0 where everything passed, 1 where a check failed or an
// exercise was not started, and 3 where the kit failed anywhere. A status that
// is not known, and a report without exercises, count as the kit's failure:
// what was not judged has not passed.
func ExitStatus(r check.Report) int {
	worst := exitOf(r.Status)
	if len(r.Exercises) == 0 {
		worst = exitError
	}
	for _, e := range r.Exercises {
		worst = max(worst, exitOf(e.Status))
		for _, c := range e.Checks {
			worst = max(worst, exitOf(c.Status))
		}
	}
	return worst
}

func exitOf(s check.Status) int {
	switch s {
	case check.Pass:
		return exitPassed
	case check.Fail, check.Blocked, check.NotStarted:
		return exitFailed
	default:
		return exitError
	}
}
