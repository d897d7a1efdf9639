package report

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"wirelab/grader/check"
)

// maxSteps is how many steps of an action log are shown: the last ones, since
// it is there that the check failed.
const maxSteps = 50

func (p *printer) checks(e check.Exercise) {
	for i, c := range e.Checks {
		p.title(e.Checks, i)
		switch c.Status {
		case check.Pass, check.Blocked:
			p.block(detailIndent, c.Message, messageLimit)
		default:
			p.details(e, c)
		}
	}
}

// title prints a check's mark, title and points; for one that is blocked, what
// it waits for in place of the points.
func (p *printer) title(checks []check.Result, i int) {
	c := checks[i]
	right, column := fraction(c.Points, c.MaxPoints), pointsEnd
	switch c.Status {
	case check.Pass, check.Fail:
		column -= len(right)
	case check.Blocked:
		right, column = blockedBy(checks, i), blockedColumn
	default:
		right = "not judged"
		column -= len(right)
	}
	p.row(markOf(c.Status).indented(), plain(c.Title), column, plain(right))
}

// blockedBy names the check that failed first. A title is quoted, because it
// is a sentence of its own.
func blockedBy(checks []check.Result, i int) string {
	id := checks[i].BlockedBy
	if id == "" {
		return "blocked"
	}
	if i > 0 && checks[i-1].ID == id {
		return "blocked by the check above"
	}
	for _, c := range checks {
		if c.ID == id {
			return "blocked by “" + c.Title + "”"
		}
	}
	return "blocked by " + id
}

// details prints why a check did not pass: what was seen, what the wire showed,
// what there is to learn from it, and where to look.
func (p *printer) details(e check.Exercise, c check.Result) {
	p.comparison(c.Actual, c.Expected)
	p.block(detailIndent, c.Message, messageLimit)
	p.steps(c)
	p.wire(c)
	p.output(c.Output)
	p.block(detailIndent, c.Lesson, messageLimit)
	p.pointers(e, c)
}

// comparison prints what came and, with its value right below the other, what
// should have come.
func (p *printer) comparison(actual, expected string) {
	p.block(detailIndent, actual, valueLimit)
	if expected == "" {
		return
	}
	const returned = " returned "
	at := strings.Index(actual, returned)
	column := columns(actual[:max(at, 0)]) + len(returned)
	wide := detailIndent + max(columns(actual), column+columns(expected))
	if at < 0 || wide > p.width || strings.ContainsAny(actual+expected, "\n\t") {
		p.labelled(detailIndent, "expected", expected)
		return
	}
	p.line(plain(spaces(detailIndent) + pad("expected", column) + expected))
}

// steps prints the action log. Where the answer itself is shown, what led to
// it is one call, and the log would say it again.
func (p *printer) steps(c check.Result) {
	if len(c.Steps) == 0 || c.Actual != "" {
		return
	}
	p.line(plain(spaces(detailIndent)), span{"step by step:", dim})
	from := max(0, len(c.Steps)-maxSteps)
	if from > 0 {
		p.line(plain(fmt.Sprintf("%s(%d earlier steps are left out)", spaces(frameIndent), from)))
	}
	digits := len(strconv.Itoa(len(c.Steps) - 1))
	for i, step := range c.Steps[from:] {
		p.hanging(fmt.Sprintf("%s%*d  ", spaces(frameIndent), digits, from+i), step, valueLimit)
	}
	if c.Status == check.Fail {
		p.line(plain(spaces(frameIndent)), span{"***** here it failed", red})
	}
}

// output prints what the learner's program wrote. Each line carries a bar, and
// is broken here rather than by the terminal, so that none can pass for a line
// of the report.
func (p *printer) output(text string) {
	const bar = "│ "
	kept, note := clip(strings.Trim(text, "\r\n"), outputLimit)
	if kept == "" {
		return
	}
	p.line(plain(spaces(detailIndent)), span{"your program printed:", dim})
	for _, l := range lines(kept) {
		for _, piece := range chop(l, p.width-frameIndent-columns(bar)) {
			p.line(plain(spaces(frameIndent) + bar + piece))
		}
	}
	if note != "" {
		p.line(plain(spaces(frameIndent) + note))
	}
}

// pointers prints where to go on from here.
func (p *printer) pointers(e check.Exercise, c check.Result) {
	if c.Status == check.Fail && e.LookAt != "" {
		p.labelled(detailIndent, "look at", e.LookAt)
	}
	capture := ""
	if c.Capture != "" {
		capture = path.Join(p.reports, c.Capture)
	}
	both := pad(c.Hint, hintWidth-2) + "  capture  " + capture
	switch {
	case c.Hint != "" && capture != "" && detailIndent+labelWidth+columns(both) <= p.width:
		p.labelled(detailIndent, "more", both)
	default:
		p.labelled(detailIndent, "more", c.Hint)
		p.labelled(detailIndent, "capture", capture)
	}
}
