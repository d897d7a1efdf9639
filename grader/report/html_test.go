package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

// markup tries to become part of the page.
const markup = `</pre></style></svg><script>window.owned=1</script><img src=x onerror="window.owned=1"><a href="javascript:owned=1">x</a><style>body{display:none}</style>"'><svg/onload=owned=1>`

func page(t testing.TB, r check.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, r))
	return b.String()
}

// ladderOf is a run whose frames tell of all three hosts.
func ladderOf() check.Report {
	c := silent()
	c.Frames = []check.Frame{
		{Number: 5, From: "seat", To: "target", Summary: "SYN"},
		{Number: 6, TimeMS: 0.04, From: "target", To: "seat", Summary: "ICMP host unreachable (3/1)", Deciding: true},
		{Number: 9, TimeMS: 2, From: "seat", To: "neighbour", Summary: "SYN"},
	}
	c.Steps = []string{"called Probe", "it returned"}
	return run(check.Fail, probe(check.Fail, opens(), c, oneTimeout(check.Blocked, 0)))
}

// class is a small class with one of everything.
func class(name string) []report.Student {
	outcome := func(check string, s check.Status, ms int64) report.Outcome {
		return report.Outcome{Exercise: "06_probe", Check: check, Status: s, DurationMS: ms}
	}
	return []report.Student{
		{Name: name, Folder: name, Points: 9, MaxPoints: 9, Checks: []report.Outcome{outcome("a", check.Pass, 10), outcome("b", check.Pass, 300)}},
		{Name: "bob", Folder: "bob", Points: 2, MaxPoints: 9, Note: "the same files as " + name, Checks: []report.Outcome{outcome("a", check.Fail, 20), outcome("b", check.Blocked, 0)}},
		{Name: "carol", Folder: "carol", MaxPoints: 9, Fault: true, Checks: []report.Outcome{outcome("a", check.Error, 30)}},
		{Name: "dave", Folder: "dave", MaxPoints: 9},
	}
}

func classHTML(t testing.TB, students []report.Student) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.ClassHTML(&b, students))
	return b.String()
}

func TestHTML(t *testing.T) {
	golden(t, "ladder.html", page(t, ladderOf()))
	golden(t, "class.html", classHTML(t, class("alice")))
}

// Foreign text is text: the page has the elements of a page with plain text,
// whatever is in it.
func TestHTMLHoldsForeignText(t *testing.T) {
	plain, evil := elements(t, page(t, filled("text", check.Fail))), elements(t, page(t, filled(markup, check.Fail)))
	assert.Equal(t, plain, evil)
	assert.Equal(t, elements(t, classHTML(t, class("alice"))), elements(t, classHTML(t, class(markup))))
	for _, status := range []check.Status{check.Pass, check.Fail, check.Blocked, check.Error, check.NotStarted, "unknown"} {
		requireHarmless(t, page(t, filled(attack, status)))
	}
	requireHarmless(t, classHTML(t, class(attack)))
}

// elements lists the elements of a page with the names of their attributes, and
// holds every link and policy.
func elements(t *testing.T, doc string) []string {
	t.Helper()
	var all []string
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			var names []string
			for _, a := range token.Attr {
				names = append(names, a.Key)
				if a.Key == "href" {
					assert.Regexp(t, `^(#|\./)`, a.Val, "a link leads out of the folder")
				}
				assert.NotEqual(t, "src", a.Key, "the page loads something")
			}
			assert.NotEqual(t, "script", token.Data)
			all = append(all, fmt.Sprint(token.Data, names))
		}
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(markup)
	f.Add(attack)
	f.Add("{{.}}")
	f.Fuzz(func(t *testing.T, foreign string) {
		if strings.TrimSpace(foreign) == "" {
			return // nothing is shown of that
		}
		elements(t, page(t, filled(foreign, check.Fail)))
		elements(t, classHTML(t, class(foreign)))
	})
}
