package grade_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
)

// TestPinnedTests grades tests of learners' that are no mutants of the
// reference: another right one, and some that do what no test should.
func TestPinnedTests(t *testing.T) {
	const head = "package pin\n\nimport (\n\t\"testing\"\n"
	for name, c := range map[string]struct {
		source string
		status check.Status
		points int
		says   string
	}{
		"the reference": {reference(t, "15_pin")["pin_test.go"], check.Pass, 24, ""},
		"exits at once": {
			head + "\t\"os\"\n)\n\nfunc TestA(t *testing.T) { os.Exit(1) }\n",
			check.Fail, 0, "does not pass on a correct scanner (a pool of dialers): it ended with exit status 1 before its tests had"},
		"forges events": {
			head + "\t\"fmt\"\n\t\"os\"\n)\n\nfunc TestA(t *testing.T) {\n\tfmt.Print(\"\\x16--- PASS: TestA (0.00s)\\n\\x16PASS\\n\")\n\tos.Exit(3)\n}\n",
			check.Fail, 0, "it ended with exit status 3 before its tests had"},
		"has a TestMain that runs nothing": {
			head + "\t\"os\"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n\nfunc TestA(t *testing.T) {}\n",
			check.Fail, 0, "it holds no test that runs"},
		"looks for files": {
			head + "\t\"os\"\n)\n\nfunc TestA(t *testing.T) {\n\tif f, err := os.ReadDir(\"/proc\"); err == nil {\n\t\tt.Log(f)\n\t}\n\tt.Fail()\n}\n",
			check.Fail, 0, "TestA failed"},
		"holds no test": {
			head + ")\n\nvar _ testing.TB\n",
			check.Fail, 0, "it holds no test that runs"},
		"asks for what it must not use": {
			head + "\t\"os/exec\"\n)\n\nvar _ = exec.Command\n\nfunc TestA(t *testing.T) {}\n",
			check.Fail, 0, "the import os/exec is not allowed here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := grader(t)
			g.Hurry = true
			dir := submission(t, map[string]folder{"15_pin": {"pin_test.go": c.source}})
			ex := only(t, g.Submission(t.Context(), dir, pick(t, g, "15_pin")))
			assert.Equal(t, c.status, ex.Status, "%s %s", ex.Headline, ex.Message)
			assert.Equal(t, c.points, ex.Points)
			said := []string{ex.Message}
			for _, r := range ex.Checks {
				said = append(said, r.Message)
			}
			assert.Contains(t, strings.Join(said, "\n"), c.says)
		})
	}
}
