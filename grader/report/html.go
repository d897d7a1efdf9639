package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"

	"wirelab/grader/check"
)

//go:embed page
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/*.tmpl"))

// frame is what every page has: its own style, and a policy that lets it load
// nothing (https://www.w3.org/TR/CSP3/). There is no script to allow.
type pageFrame struct {
	Policy string
	Style  template.CSS
}

func newFrame() pageFrame {
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		panic(err) // it is part of the program
	}
	sum := sha256.Sum256(style)
	return pageFrame{
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(style), //nolint:gosec // the kit's own file
	}
}

// studentPage is what page/student.tmpl shows.
type studentPage struct {
	pageFrame
	Title, Meta, Sum string
	Exercises        []exercisePart
}

type exercisePart struct {
	Anchor, ID, Title, Class, Mark, Points, Whole string
	Notes                                         []string
	Checks                                        []checkPart
}

type checkPart struct {
	Title, Class, Mark, Points                               string
	Blocked, Actual, Expected, Message, Output, Lesson, Hint string
	Capture                                                  string
	Steps                                                    []string
	Ladder                                                   *ladder
}

// HTML writes the report as one page that needs nothing else: no network, no
// script. Links to captures are relative to the folder of the page. Foreign text
// is text there, and never markup.
func HTML(w io.Writer, r check.Report) error {
	lost := 0
	p := studentPage{pageFrame: newFrame(), Title: cleanLine(r.Submission.ID), Meta: cleanLine(meta(r, r.DurationMS).text)}
	for i, e := range r.Exercises {
		lost += unjudged(e)
		p.Exercises = append(p.Exercises, exerciseOf(e, i))
	}
	p.Sum = outOf(r.Points, r.MaxPoints, lost)
	return render(w, "student.tmpl", p)
}

func render(w io.Writer, name string, data any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func exerciseOf(e check.Exercise, i int) exercisePart {
	part := exercisePart{
		Anchor: fmt.Sprintf("exercise-%d", i+1), ID: cleanLine(e.ID), Title: cleanLine(e.Title),
		Class: classOf(e.Status), Mark: cleanLine(mark(e.Status)), Points: fraction(e.Points, e.MaxPoints),
	}
	for _, n := range e.Notes {
		part.Notes = append(part.Notes, cleanLine(n))
	}
	if len(e.Checks) == 0 {
		part.Whole, _ = clip(whole(e), messageLimit)
	}
	for i := range e.Checks {
		part.Checks = append(part.Checks, checkOf(e, i))
	}
	return part
}

func checkOf(e check.Exercise, i int) checkPart {
	c := e.Checks[i]
	part := checkPart{
		Title: cleanLine(c.Title), Class: classOf(c.Status), Mark: cleanLine(mark(c.Status)), Points: fraction(c.Points, c.MaxPoints),
	}
	if c.Status == check.Blocked {
		part.Blocked = cleanLine(blockedBy(e.Checks, i))
		return part
	}
	part.Message, part.Output = cleanClip(c.Message, messageLimit), cleanClip(c.Output, outputLimit)
	part.Actual, part.Expected = cleanClip(c.Actual, valueLimit), cleanClip(c.Expected, valueLimit)
	part.Lesson, part.Hint = cleanClip(c.Lesson, valueLimit), cleanLine(c.Hint)
	if c.Status != check.Pass {
		part.Ladder = newLadder(c)
		for _, s := range c.Steps[max(0, len(c.Steps)-maxSteps):] {
			part.Steps = append(part.Steps, cleanClip(s, valueLimit))
		}
	}
	if c.Capture != "" {
		part.Capture = relative(c.Capture)
	}
	return part
}

// cleanClip makes foreign text harmless, and cuts it to a sane length.
func cleanClip(text string, l limit) string {
	kept, note := clip(strings.Trim(clean(text), "\n"), l)
	if note != "" {
		kept += "\n" + note
	}
	return kept
}

// relative makes a path a link to a file below the page's folder.
func relative(path string) string {
	return "./" + (&url.URL{Path: cleanLine(path)}).EscapedPath()
}

// classOf is the class of the style sheet for a status.
func classOf(s check.Status) string {
	switch s {
	case check.Pass, check.Fail, check.Blocked, check.NotStarted:
		return string(s)
	}
	return "error"
}
