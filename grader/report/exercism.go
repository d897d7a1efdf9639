package report

import (
	"io"
	"strconv"

	"wirelab/grader/check"
)

// exercism is results.json of Exercism's test runner interface, version 3:
// https://exercism.org/docs/building/tooling/test-runners/interface.
type exercism struct {
	Version int            `json:"version"`
	Status  string         `json:"status"` // pass, fail, error
	Message *string        `json:"message,omitempty"`
	Tests   []exercismTest `json:"tests,omitempty"`
}

type exercismTest struct {
	Name     string `json:"name"`
	TestCode string `json:"test_code"`
	Status   string `json:"status"`
	Message  string `json:"message,omitempty"`
	Output   string `json:"output,omitempty"`
}

// The limits of the interface: characters, of which each is a byte at least.
const (
	maxExercismMessage = 65_535
	maxExercismOutput  = 500
)

// Exercism writes results.json for Exercism. The status is "error" where no
// check could run, as where code does not compile; the message then says why.
func Exercism(w io.Writer, r check.Report) error {
	x := exercism{Version: 3, Status: exercismStatus(r.Status)}
	for _, e := range r.Exercises {
		if len(e.Checks) == 0 && x.Message == nil {
			message := cutTo(cleanLine(e.ID)+": "+whole(e), maxExercismMessage)
			x.Status, x.Message = "error", &message
		}
		for i, c := range e.Checks {
			x.Tests = append(x.Tests, exercismTest{
				Name: cleanLine(c.Title), TestCode: testCode(r, e, c), Status: exercismStatus(c.Status),
				Message: cutTo(why(e, i), maxExercismMessage), Output: cutTo(clean(c.Output), maxExercismOutput),
			})
		}
	}
	if x.Message != nil {
		x.Tests = nil // the interface has either
	}
	return indented(w, x)
}

// testCode is how the learner runs the check.
func testCode(r check.Report, e check.Exercise, c check.Result) string {
	return cleanLine("wirelab check " + e.ID + " --seed " + strconv.FormatUint(r.Seed, 10) + " # " + c.ID)
}

func exercismStatus(s check.Status) string {
	switch s {
	case check.Pass:
		return "pass"
	case check.Fail, check.Blocked, check.NotStarted:
		return "fail"
	}
	return "error"
}
