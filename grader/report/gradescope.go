package report

import (
	"io"
	"strconv"

	"wirelab/grader/check"
)

// The visibility of a test at Gradescope.
const (
	Visible        = "visible"
	Hidden         = "hidden"
	AfterDueDate   = "after_due_date"
	AfterPublished = "after_published"
)

// gradescope is results.json as Gradescope's autograder specification has it:
// https://gradescope-autograders.readthedocs.io/en/latest/specs/.
type gradescope struct {
	Score            float64          `json:"score"`
	ExecutionTime    float64          `json:"execution_time"` // seconds
	Output           string           `json:"output"`
	OutputFormat     string           `json:"output_format"`
	StdoutVisibility string           `json:"stdout_visibility"`
	Visibility       string           `json:"visibility,omitempty"`
	Tests            []gradescopeTest `json:"tests"`
	ExtraData        map[string]any   `json:"extra_data,omitempty"`
}

type gradescopeTest struct {
	Score        float64 `json:"score"`
	MaxScore     float64 `json:"max_score"`
	Status       string  `json:"status"` // passed, failed
	Name         string  `json:"name"`
	NameFormat   string  `json:"name_format"`
	Number       string  `json:"number"`
	Output       string  `json:"output,omitempty"`
	OutputFormat string  `json:"output_format"`
	Visibility   string  `json:"visibility"`
}

// maxGradescope bounds one test's text, in bytes, so that a page of many stays
// readable.
const maxGradescope = 16 << 10

// Gradescope writes results.json for Gradescope: a test for each check, shown
// to students as visibility says. The output is marked as plain text, so that
// markup in it does nothing. Errors are those of w.
func Gradescope(w io.Writer, r check.Report, visibility string) error {
	g := gradescope{
		Score: float64(r.Points), ExecutionTime: float64(r.DurationMS) / 1000,
		OutputFormat: "text", StdoutVisibility: Hidden, Tests: []gradescopeTest{},
		ExtraData: map[string]any{"seed": strconv.FormatUint(r.Seed, 10), "lab": r.Lab, "kit": r.Kit},
	}
	g.Output = "Each check is one test below. What is not judged says so."
	if ExitStatus(r) == exitError {
		g.Output = "The grader itself failed on a part of this, which is no fault of the submission's. Ask for it to be run again."
	}
	for i, e := range r.Exercises {
		g.Tests = append(g.Tests, gradescopeTests(e, i+1, visibility)...)
	}
	return indented(w, g)
}

func gradescopeTests(e check.Exercise, number int, visibility string) []gradescopeTest {
	test := func(status check.Status, points, of int, name, output, number string) gradescopeTest {
		t := gradescopeTest{
			Score: float64(points), MaxScore: float64(of), Status: "failed", Name: cleanLine(name), NameFormat: "text",
			Number: number, Output: cutTo(output, maxGradescope), OutputFormat: "text", Visibility: visibility,
		}
		if status == check.Pass {
			t.Status = "passed"
		}
		return t
	}
	n := strconv.Itoa(number)
	if len(e.Checks) == 0 {
		return []gradescopeTest{test(e.Status, e.Points, e.MaxPoints, e.ID+": "+e.Title, whole(e), n)}
	}
	var tests []gradescopeTest
	for i, c := range e.Checks {
		tests = append(tests, test(c.Status, c.Points, c.MaxPoints, e.ID+": "+c.Title, why(e, i), n+"."+strconv.Itoa(i+1)))
	}
	return tests
}

// GradescopeUnfinished writes the results.json that counts should the grading
// itself be cut short: a zero that says that it is none.
func GradescopeUnfinished(w io.Writer) error {
	return indented(w, gradescope{
		Output:       "The grading was cut short: this is not a mark. Ask for it to be run again.",
		OutputFormat: "text", StdoutVisibility: Hidden, Visibility: Visible, Tests: []gradescopeTest{},
	})
}
