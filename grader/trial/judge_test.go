package trial

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv"
)

// events writes what package testing prints; ^ stands for its mark.
func events(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "^", mark)
}

// A test has caught a scanner, or accepted it, only if its events and its exit
// status both say so.
func TestJudge(t *testing.T) {
	const run, pass, fail, skip = "^=== RUN   TestA", "^--- PASS: TestA (0.01s)", "^--- FAIL: TestA (0.01s)", "^--- SKIP: TestA (0.01s)"
	for name, c := range map[string]struct {
		output string
		exit   labenv.Exit
		want   Verdict
		why    string
	}{
		"passes":          {events(run, pass, "^PASS"), labenv.Exit{}, Accepted, ""},
		"fails":           {events(run, "    pin_test.go:7: no", fail, "^FAIL"), labenv.Exit{Code: 1}, Caught, ""},
		"a subtest fails": {events(run, "^=== RUN   TestA/b", "    ^--- FAIL: TestA/b (0.00s)", fail, "^FAIL"), labenv.Exit{Code: 1}, Caught, ""},
		"one of two fails": {
			events(run, fail, "^=== RUN   TestB", "^--- PASS: TestB (0.00s)", "^FAIL"), labenv.Exit{Code: 1}, Caught, ""},
		"panics": {
			events(run, fail, "panic: no [recovered]", "goroutine 6 [running]:"), labenv.Exit{Code: 2}, Void, "it crashed"},
		"panics after a failure, with another status": {
			events(run, fail, "panic: no", "^FAIL"), labenv.Exit{Code: 1}, Void, "it crashed"},
		"skips":                    {events(run, skip, "^PASS"), labenv.Exit{}, Void, "it skips TestA"},
		"skips one and fails one":  {events(run, skip, "^=== RUN   TestB", "^--- FAIL: TestB (0.00s)", "^FAIL"), labenv.Exit{Code: 1}, Void, "it skips TestA"},
		"no test":                  {events("testing: warning: no tests to run", "^PASS"), labenv.Exit{}, Void, "it holds no test that runs"},
		"no output":                {"", labenv.Exit{}, Void, "it holds no test that runs"},
		"exits with 0":             {events(run), labenv.Exit{}, Void, "it ended with exit status 0 before its tests had"},
		"exits with 1":             {events(run), labenv.Exit{Code: 1}, Void, "it ended with exit status 1 before its tests had"},
		"exits with 1 after words": {events(run, "--- FAIL: TestA (0.00s)", "FAIL"), labenv.Exit{Code: 1}, Void, "it ended with exit status 1 before its tests had"},
		"fails, and exits with 0":  {events(run, fail, "^FAIL"), labenv.Exit{}, Void, "it ended with exit status 0 before its tests had"},
		"passes, and exits with 1": {events(run, pass, "^PASS"), labenv.Exit{Code: 1}, Void, "it ended with exit status 1 before its tests had"},
		"is killed":                {events(run, fail, "^FAIL"), labenv.Exit{Code: -1, Signal: 9}, Void, "it was killed by signal 9"},
		"takes too much memory":    {events(run), labenv.Exit{Code: -1, Signal: 9, Memory: true}, Void, "it used more memory than it may"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(c.output, c.exit)
			assert.Equal(t, c.want, got.Verdict)
			assert.Equal(t, c.why, got.Why)
		})
	}
	got := judge(events(run, "    ^--- FAIL: TestA/b (0.00s)", fail, "^FAIL"), labenv.Exit{Code: 1})
	assert.Equal(t, []string{"TestA", "TestA/b"}, got.Failed)
}

// What a test prints may hold anything.
func FuzzJudge(f *testing.F) {
	f.Add(events("^=== RUN   TestA", "^--- PASS: TestA (0.01s)", "^PASS"), 0, 0)
	f.Add(events("^=== RUN   TestA", "^--- FAIL: TestA (0.01s)", "^FAIL"), 1, 0)
	f.Fuzz(func(t *testing.T, output string, code, signal int) {
		got := judge(output, labenv.Exit{Code: code, Signal: signal})
		switch got.Verdict {
		case Accepted:
			assert.True(t, code == 0 && signal == 0 && len(got.Failed) == 0)
		case Caught:
			assert.True(t, code == 1 && signal == 0 && len(got.Failed) > 0)
		default:
			assert.NotEmpty(t, got.Why)
		}
	})
}
