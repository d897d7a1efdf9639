package class

import (
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"wirelab/grader/report"
	"wirelab/grader/whole"
)

// The gradebooks for learning platforms, beside the general one.
const (
	CanvasName = "grades-canvas.csv"
	MoodleName = "grades-moodle.csv"
)

// Publish writes what is made of all marks into the folder of results: the
// gradebooks, and the class page with its links to the students'.
func Publish(out, title string, marks []Mark) error {
	var students []report.Student
	for _, m := range marks {
		if m.HandedIn {
			students = append(students, report.Student{
				Name: m.name(), Folder: m.Row.Student, Points: m.Points, MaxPoints: m.MaxPoints,
				Fault: m.Fault, Note: m.Note(), Checks: m.Checks,
			})
		}
	}
	return errors.Join(
		whole.Write(filepath.Join(out, GradebookName), 0o644, func(w io.Writer) error { return Gradebook(w, marks) }),
		whole.Write(filepath.Join(out, CanvasName), 0o644, func(w io.Writer) error { return Canvas(w, title, marks) }),
		whole.Write(filepath.Join(out, MoodleName), 0o644, func(w io.Writer) error { return Moodle(w, title, marks) }),
		whole.Write(filepath.Join(out, PageName), 0o644, func(w io.Writer) error { return report.ClassHTML(w, students) }),
	)
}

// Gradebook writes the marks as CSV (RFC 4180). Where the kit failed the points
// are empty and the status is "fault": that is no zero.
func Gradebook(w io.Writer, marks []Mark) error {
	head := []string{"student", "name", "id", "email", "status", "points", "deducted", "final", "max_points", "percent", "days_late"}
	if len(marks) > 0 {
		for _, e := range marks[0].Exercises {
			head = append(head, e.ID)
		}
	}
	return table(w, append(head, "note"), marks, Mark.fields)
}

// table writes a head line and a line for each mark.
func table(w io.Writer, head []string, marks []Mark, fields func(Mark) []string) error {
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return fmt.Errorf("write the gradebook: %w", err)
	}
	for _, m := range marks {
		line := fields(m)
		for i := range line {
			line[i] = harmless(line[i])
		}
		if err := out.Write(line); err != nil {
			return fmt.Errorf("write the gradebook: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

func (m Mark) fields() []string {
	late := ""
	if m.DaysLate > 0 {
		late = strconv.Itoa(m.DaysLate)
	}
	fields := []string{
		m.Row.Student, m.Name, m.ID, m.Email, string(m.Status), number(m.Final + m.Deducted), number(m.Deducted), number(m.Final),
		strconv.Itoa(m.MaxPoints), percent(m.Final, m.MaxPoints), late,
	}
	switch {
	case m.Fault:
		fields[4], fields[5], fields[6], fields[7], fields[9] = "fault", "", "", "", ""
	case !m.HandedIn:
		fields[4] = "missing"
	}
	return append(append(fields, m.Cells...), m.Note())
}

// name is how people call the student.
func (m Mark) name() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Row.Student
}

// Canvas writes the marks as Canvas imports them: the five columns that identify
// a student, the assignment, and the line of possible points
// (https://community.canvaslms.com, "How do I import grades in the Gradebook?").
// A mark that is not known is an empty cell, which Canvas leaves as it was.
func Canvas(w io.Writer, title string, marks []Mark) error {
	head := []string{"Student", "ID", "SIS User ID", "SIS Login ID", "Section", harmless(title)}
	if len(marks) > 0 {
		possible := Mark{Person: Person{Name: "    Points Possible"}, HandedIn: true, Final: float64(marks[0].MaxPoints)}
		marks = append([]Mark{possible}, marks...)
	}
	return table(w, head, marks, func(m Mark) []string {
		return []string{m.name(), m.Canvas, m.ID, m.Email, m.Section, m.final()}
	})
}

// Moodle writes the marks as Moodle's CSV import maps them: by email address or
// ID number (https://docs.moodle.org/en/Grade_import). Comments are HTML there.
func Moodle(w io.Writer, title string, marks []Mark) error {
	head := []string{"Email address", "ID number", "Full name", harmless(title), "Feedback comments"}
	return table(w, head, marks, func(m Mark) []string {
		return []string{m.Email, m.ID, m.name(), m.final(), html.EscapeString(m.Note())}
	})
}

// final is the mark as it is imported; "" where it is not known.
func (m Mark) final() string {
	if m.Fault {
		return ""
	}
	return number(m.Final)
}

// Note is what the instructor should know besides the points; "" for nothing.
func (m Mark) Note() string {
	notes := m.Notes
	if note := m.Row.Note(); note != "" {
		notes = append([]string{note}, notes...)
	}
	return printable(strings.Join(notes, "; "))
}

// Note is what there is to know of a submission besides the points; "" for
// nothing.
func (r Row) Note() string {
	switch {
	case r.Fault:
		return "the kit failed twice; grade this one again"
	case r.Problem != "":
		return r.Problem
	case r.SameAs != "":
		return "the same files as " + printable(r.SameAs)
	}
	return ""
}

func percent(points float64, of int) string {
	if of == 0 {
		return ""
	}
	return strconv.FormatFloat(100*points/float64(of), 'f', 1, 64)
}

// number writes points without zeros that say nothing.
func number(points float64) string { return strconv.FormatFloat(round(points), 'f', -1, 64) }

// harmless makes foreign text fit for a cell: spreadsheets take what begins
// with one of = + - @ or a control character for a formula (OWASP, CSV
// Injection); a quote before it says that it is text.
func harmless(text string) string {
	text = printable(text)
	if begun := strings.TrimLeft(text, " "); begun != "" && strings.ContainsAny(begun[:1], "=+-@") {
		return "'" + text
	}
	return text
}

// Names lists names that may be anybody's for people to read.
func Names(names []string) string { return printable(strings.Join(names, ", ")) }

// printable replaces what has no shape: control characters, overrides of the
// direction of writing.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
