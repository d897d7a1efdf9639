package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/joshdk/go-junit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

// exports are the forms that other systems read.
var exports = map[string]func(io.Writer, check.Report) error{
	"gradescope": func(w io.Writer, r check.Report) error { return report.Gradescope(w, r, report.AfterDueDate) },
	"exercism":   report.Exercism,
	"junit":      report.JUnit,
	"markdown":   report.Markdown,
	"github":     func(w io.Writer, r check.Report) error { return report.GitHub(w, r, "TOKEN") },
}

func exported(t testing.TB, form string, r check.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, exports[form](&b, r))
	return b.String()
}

// ofEach is a run with one of everything.
func ofEach() check.Report {
	broken := check.Exercise{
		ID: "07_scan", Title: "many ports at once", Status: check.Fail, MaxPoints: 27, LookAt: "exercises/07_scan/scan.go",
		Headline: "does not compile", Message: "exercises/07_scan/scan.go:9:2: undefined: nothing", Checks: []check.Result{},
	}
	untouched := check.Exercise{ID: "09_banner", Title: "who speaks first?", Status: check.NotStarted, MaxPoints: 29, Checks: []check.Result{}}
	failed := result("late", "answers in time", check.Error, 0, 2)
	failed.Message = "the lab ended"
	said := silent()
	said.Output = "asking 41877\n"
	return run(check.Error, talk(), probe(check.Fail, opens(), said, oneTimeout(check.Blocked, 0), failed), broken, untouched)
}

func TestExports(t *testing.T) {
	for form := range exports {
		t.Run(form, func(t *testing.T) { golden(t, "course."+form, exported(t, form, ofEach())) })
	}
}

// A consumer of JUnit counts what the report says: what has no points has
// not passed, and nothing is skipped.
func TestJUnitIsReadAsItIsMeant(t *testing.T) {
	suites, err := junit.Ingest([]byte(exported(t, "junit", ofEach())))
	require.NoError(t, err)
	count := map[junit.Status]int{}
	for _, s := range suites {
		for _, c := range s.Tests {
			count[c.Status]++
		}
	}
	assert.Equal(t, map[junit.Status]int{junit.StatusPassed: 3, junit.StatusFailed: 4, junit.StatusError: 1}, count)
}

// The rules of Gradescope's specification that a results.json can break.
func TestGradescopeRules(t *testing.T) {
	for name, r := range map[string]check.Report{"course": ofEach(), "nothing": run(check.Pass), "hostile": filled(attack, check.Fail)} {
		t.Run(name, func(t *testing.T) {
			var got struct {
				Score *float64
				Tests []struct {
					Score, MaxScore *float64
					Max             *float64 `json:"max_score"`
					Status          string
					OutputFormat    string `json:"output_format"`
					NameFormat      string `json:"name_format"`
					Visibility      string
				}
			}
			require.NoError(t, json.Unmarshal([]byte(exported(t, "gradescope", r)), &got))
			require.NotNil(t, got.Score)
			assert.InDelta(t, r.Points, *got.Score, 0)
			require.NotNil(t, got.Tests, "there must be tests, or a score")
			for _, one := range got.Tests {
				require.NotNil(t, one.Score)
				require.NotNil(t, one.Max)
				assert.LessOrEqual(t, *one.Score, *one.Max)
				assert.Contains(t, []string{"passed", "failed"}, one.Status)
				assert.Equal(t, "text", one.OutputFormat, "anything else would be rendered")
				assert.Equal(t, "text", one.NameFormat)
				assert.Equal(t, report.AfterDueDate, one.Visibility)
			}
		})
	}
	var early bytes.Buffer
	require.NoError(t, report.GradescopeUnfinished(&early))
	golden(t, "unfinished.gradescope", early.String())
}

// The rules of Exercism's interface: a message where there are no tests, and
// limits on what is shown.
func TestExercismRules(t *testing.T) {
	passed := exported(t, "exercism", run(check.Pass, talk()))
	assert.Contains(t, passed, `"status": "pass"`)
	loud := silent()
	loud.Output, loud.Message = strings.Repeat("é", 1<<20), strings.Repeat("x", 1<<20)
	for _, r := range []check.Report{ofEach(), run(check.Fail, probe(check.Fail, loud)), filled(attack, check.Fail)} {
		var got struct {
			Version int
			Status  string
			Message *string
			Tests   []struct{ Name, Status, Message, Output, TestCode string }
		}
		require.NoError(t, json.Unmarshal([]byte(exported(t, "exercism", r)), &got))
		assert.Equal(t, 3, got.Version)
		assert.Contains(t, []string{"pass", "fail", "error"}, got.Status)
		assert.Equal(t, got.Message == nil, len(got.Tests) > 0, "either tests or a message")
		for _, one := range got.Tests {
			assert.LessOrEqual(t, len(one.Output), 500)
			assert.LessOrEqual(t, len(one.Message), 65535)
			assert.NotEmpty(t, one.Name)
		}
	}
}

// No line of a learner's is a workflow command: between the token's lines none
// is obeyed, and after them all is escaped.
func TestGitHubObeysNobodyElse(t *testing.T) {
	forged := "\n::error file=x::forged\n::TOKEN2::\n##[error]forged\n::set-output name=x::y\n%0A::warning::x"
	got := exported(t, "github", filled(forged, check.Fail))
	fence, rest, found := strings.Cut(got, "\n::TOKEN::\n")
	require.True(t, found)
	assert.True(t, strings.HasPrefix(fence, "::stop-commands::TOKEN\n"))
	for line := range strings.Lines(rest) {
		assert.True(t, strings.HasPrefix(line, "::error "), line)
		assert.NotContains(t, line, "%0A%0A::warning", "a percent sign is escaped, too")
		assert.NotContains(t, line, "\r")
	}
}

func TestGitHubShowsNoMoreThanGitHubDoes(t *testing.T) {
	var checks []check.Result
	for i := range 30 {
		checks = append(checks, result(fmt.Sprintf("c%d", i), "fails", check.Fail, 0, 1))
	}
	got := exported(t, "github", run(check.Fail, probe(check.Fail, checks...)))
	assert.Equal(t, 10, strings.Count(got, "\n::error "))
}

// Markdown keeps foreign text in blocks of code, and within GitHub's limit.
func TestMarkdownHoldsForeignText(t *testing.T) {
	evil := "<script>alert(1)</script> ![x](http://example.com/x.png) @everyone | a `````\n# heading\n```\n<img src=x>\n"
	c := silent()
	c.Message, c.Output = evil, evil
	c.Title = "a title | <b>bold</b> @team [link](x)"
	got := exported(t, "markdown", run(check.Fail, probe(check.Fail, c)))
	golden(t, "evil.markdown", got)

	c.Message = strings.Repeat(strings.Repeat("x", 200)+"\n", 80)
	var many []check.Exercise
	for range 100 {
		many = append(many, probe(check.Fail, c, c, c))
	}
	assert.Less(t, len(exported(t, "markdown", run(check.Fail, many...))), 1<<20)
}

// No export lets through what a terminal acts on, or what XML or JSON readers
// refuse, whichever field it stands in.
func TestExportsAreHarmless(t *testing.T) {
	for form := range exports {
		for _, status := range []check.Status{check.Pass, check.Fail, check.Blocked, check.Error, check.NotStarted, "unknown"} {
			got := strings.ReplaceAll(exported(t, form, filled(attack, status)), "\t", " ")
			require.True(t, utf8.ValidString(got), form)
			requireHarmless(t, got)
			if form == "junit" {
				_, err := junit.Ingest([]byte(got))
				require.NoError(t, err)
			}
		}
	}
}
