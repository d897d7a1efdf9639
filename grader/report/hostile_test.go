package report_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

// attack tries to clear the screen, to write over the line above, to set the
// window's title, to turn the reading direction, and to look like the report.
const attack = "\x1b[2J\x1b[1;1H\r  ✓ all passed\x1b]0;owned\a\n  ✓ a forged check  9/9\u009b31mred\u202egnorw\x00\x7f\xff\b\v\f\u0085\u2028end\n"

func TestTextHostileOutput(t *testing.T) {
	c := silent()
	c.Output = attack + strings.Repeat("spam ", 1<<20/5)
	c.Message = "your code panicked: " + attack
	got := text(t, run(check.Fail, probe(check.Fail, c)), report.Options{})
	golden(t, "hostile", got)
	assert.Less(t, len(got), 8<<10)
}

func TestTextCutsByLinesToo(t *testing.T) {
	c := silent()
	c.Output = strings.Repeat("x\n", 1000)
	got := text(t, run(check.Fail, probe(check.Fail, c)), report.Options{})
	assert.Equal(t, 40, strings.Count(got, "│ x\n"))
	assert.Contains(t, got, "(cut here: 1919 more bytes)\n")
}

// Text never lets through what a terminal acts on, whichever field it is in.
func TestTextEveryFieldIsCleaned(t *testing.T) {
	for _, status := range []check.Status{check.Pass, check.Fail, check.Blocked, check.Error, check.NotStarted, "unknown"} {
		r := filled(attack, status)
		requireHarmless(t, text(t, r, report.Options{}))
	}
}

func FuzzText(f *testing.F) {
	f.Add("", 0)
	f.Add(attack, 80)
	f.Add("plain words that are long enough to be wrapped at forty columns, or so one hopes", 40)
	f.Add("a\tb\tc\r\nd\re", 41)
	f.Add("x returned \xff\xfe y", 1)
	f.Add(strings.Repeat("é", 9000), 100)
	f.Add(strings.Repeat("\n  ✓ ", 50), -5)
	f.Fuzz(func(t *testing.T, foreign string, width int) {
		o := report.Options{Width: width % 1000}
		for _, status := range []check.Status{check.Fail, check.Error, check.NotStarted} {
			requireHarmless(t, text(t, filled(foreign, status), o))
		}
		requireMarked(t, foreign, max(40, o.Width))
	})
}

// requireHarmless holds what is printed without colours to graphic characters.
func requireHarmless(t *testing.T, got string) {
	t.Helper()
	require.True(t, utf8.ValidString(got))
	bad := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) })
	require.Equal(t, -1, bad, "%q", got)
	require.Less(t, len(got), 2<<20)
}

// requireMarked holds every line of a learner's output to its bar, and every
// other line of foreign text to its indentation: no mark stands where the
// report's own would.
func requireMarked(t *testing.T, foreign string, width int) {
	t.Helper()
	c := result("c", "fails", check.Fail, 0, 1)
	c.Output, c.Message, c.Actual, c.Expected = foreign, foreign, foreign, foreign
	c.Steps, c.Lesson, c.Aftermath = []string{foreign}, foreign, foreign
	got := text(t, run(check.Fail, probe(check.Fail, c)), report.Options{Width: width})
	_, body, _ := strings.Cut(got, "fails")
	body, _, _ = strings.Cut(body, "\n  0 of 9 points\n")
	inOutput := false
	for _, l := range strings.Split(body, "\n")[1:] {
		require.True(t, l == "" || strings.HasPrefix(l, "      "), "%q", l)
		if inOutput && strings.HasPrefix(l, "        │") {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.Map(dropMarks, l)), width, "%q", l)
		}
		inOutput = inOutput || l == "      your program printed:"
	}
}

// dropMarks takes out what combines with the character before it, and so takes
// no room of its own.
func dropMarks(r rune) rune {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return -1
	}
	return r
}

// filled is a report with text in every field that holds any, however many
// fields the types get, and with status wherever there is one.
func filled(text string, status check.Status) check.Report {
	var r check.Report
	fill(reflect.ValueOf(&r).Elem(), text, status)
	return r
}

func fill(v reflect.Value, text string, status check.Status) {
	switch {
	case v.Type() == reflect.TypeFor[check.Status]():
		v.Set(reflect.ValueOf(status))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text, status)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, status)
		}
	case v.CanInt():
		v.SetInt(7)
	case v.CanUint():
		v.SetUint(7)
	case v.CanFloat():
		v.SetFloat(7)
	}
}
