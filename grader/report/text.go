package report

import (
	"fmt"
	"io"
	"strings"

	"wirelab/grader/check"
)

// Options says how Text lays a report out. The zero value is plain text for
// a terminal of 100 columns, with captures below reports/.
type Options struct {
	Color      bool   // colour the marks and headings
	Width      int    // columns, 0: 100; below 40 is taken as 40
	ReportsDir string // where captures lie, as the reader would type it; "": reports
}

// Text writes r for a person to read. The error is that of w.
func Text(w io.Writer, r check.Report, o Options) error {
	p := newPrinter(o)
	p.report(r)
	if _, err := w.Write(p.buf.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (p *printer) report(r check.Report) {
	if len(r.Exercises) == 0 {
		p.nothingGraded()
		return
	}
	for _, e := range r.Exercises {
		p.idWidth = max(p.idWidth, min(columns(e.ID), maxName))
	}
	several := len(r.Exercises) > 1
	if several {
		p.idWidth = max(p.idWidth, len("total"))
	}
	for i, e := range r.Exercises {
		if i > 0 && (!short(e) || !short(r.Exercises[i-1])) {
			p.line()
		}
		p.exercise(r, e, several)
	}
	if several {
		p.line()
		p.total(r)
	}
}

func (p *printer) nothingGraded() {
	p.line(span{"nothing was graded", bold})
	p.line()
	p.line(plain("  make check EX=probe   grades one exercise"))
	p.line(plain("  make check            grades them all"))
	p.line(plain("  bin/wirelab list      names them"))
}

// short tells whether an exercise takes a line or two, so that a list of such
// exercises needs no blank lines between them.
func short(e check.Exercise) bool {
	return e.Status == check.Pass || e.Status == check.NotStarted
}

// exercise prints one exercise. Among several, one that passed takes one line:
// what is left to do should fit on one screen.
func (p *printer) exercise(r check.Report, e check.Exercise, several bool) {
	switch {
	case e.Status == check.NotStarted:
		p.header(e)
		p.notStarted(e)
	case e.Status == check.Pass && several:
		p.passedLine(e)
		p.notes(e.Notes)
	default:
		p.header(e, meta(r, e.DurationMS))
		p.line()
		p.verdictOnAll(e)
		p.checks(e)
		p.notes(e.Notes)
		p.points(e)
	}
}

// header prints the exercise's name and title and, at the right, what
// identifies the run.
func (p *printer) header(e check.Exercise, right ...span) {
	p.row(p.name(e.ID), span{e.Title, bold}, metaColumn, right...)
}

// name is an exercise's id, padded so that titles line up.
func (p *printer) name(id string) span {
	return span{pad(chop(id, maxName)[0], p.idWidth) + "  ", bold}
}

// meta is "lab netns · seed 7 · 0.9 s", without the lab where none was started.
func meta(r check.Report, ms int64) span {
	text := fmt.Sprintf("seed %d · %.1f s", r.Seed, float64(ms)/1000)
	if r.Lab != "" {
		text = "lab " + r.Lab + " · " + text
	}
	return span{text, dim}
}

func (p *printer) notStarted(e check.Exercise) {
	text := "not started: "
	if e.LookAt != "" {
		text += "edit " + e.LookAt + ", "
	}
	p.block(2, text+"the lesson is "+lesson(e), messageLimit)
}

// lesson is the page that explains an exercise, as every folder has it.
func lesson(e check.Exercise) string {
	return "exercises/" + e.ID + "/README.md"
}

// passedLine prints an exercise that passed, with one tick for each check.
func (p *printer) passedLine(e check.Exercise) {
	var ticks strings.Builder
	for _, c := range e.Checks {
		ticks.WriteString(markOf(c.Status).text)
	}
	points := fraction(e.Points, e.MaxPoints)
	gap := max(2, pointsEnd-metaColumn-columns(ticks.String())-len(points))
	p.row(p.name(e.ID), span{e.Title, bold}, metaColumn,
		span{ticks.String(), green}, plain(strings.Repeat(" ", gap)+points))
}

// verdictOnAll prints what is said of the exercise as a whole: that it does
// not compile, that files were refused, that the kit failed.
func (p *printer) verdictOnAll(e check.Exercise) {
	message := e.Message
	switch {
	case e.Headline != "":
		p.row(markOf(e.Status).indented(), plain(e.Headline), 0)
	case e.Status == check.Error && (message != "" || len(e.Checks) == 0):
		p.row(markOf(e.Status).indented(), plain("the grader or the lab failed"), 0)
	case len(e.Checks) == 0:
		p.row(markOf(e.Status).indented(), plain("could not be graded"), 0)
	default:
		p.block(2, message, messageLimit)
		return
	}
	p.block(detailIndent, message, messageLimit)
	if e.Status == check.Fail && e.LookAt != "" {
		p.labelled(detailIndent, "look at", e.LookAt)
	}
}

// notes prints remarks that cost nothing.
func (p *printer) notes(notes []string) {
	for _, n := range notes {
		p.labelled(2, "note", n)
	}
}

// points closes an exercise. An error is explained here once, however many
// checks it touched.
func (p *printer) points(e check.Exercise) {
	if hasError(e) {
		p.block(2, "Where a ! stands, the kit itself failed, not your code: it costs you nothing. "+
			"The exit status is 3, which says just that. Run it again; if it stays, "+
			"bin/wirelab lab doctor tells which labs work on this machine.", messageLimit)
	}
	if e.MaxPoints > 0 {
		p.line(plain("  " + outOf(e.Points, e.MaxPoints, unjudged(e))))
	}
}

func hasError(e check.Exercise) bool {
	for _, c := range e.Checks {
		if c.Status == check.Error {
			return true
		}
	}
	return e.Status == check.Error
}

// fraction is "2/3", or nothing for what carries no points.
func fraction(points, of int) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", points, of)
}

// outOf is "4 of 9 points", or "4 of 9 points, 3 not judged".
func outOf(points, of, unjudged int) string {
	unit := "points"
	if of == 1 {
		unit = "point"
	}
	text := fmt.Sprintf("%d of %d %s", points, of, unit)
	if unjudged > 0 {
		text += fmt.Sprintf(", %d not judged", unjudged)
	}
	return text
}

// unjudged counts the points that nobody could have had, because the kit failed.
func unjudged(e check.Exercise) int {
	if len(e.Checks) == 0 && e.Status == check.Error {
		return e.MaxPoints
	}
	failed := map[string]bool{}
	for _, c := range e.Checks {
		failed[c.ID] = c.Status == check.Error
	}
	points := 0
	for _, c := range e.Checks {
		if failed[c.ID] || c.Status == check.Blocked && failed[c.BlockedBy] {
			points += c.MaxPoints
		}
	}
	return points
}
