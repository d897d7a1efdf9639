package class

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"wirelab/grader/report"
	"wirelab/grader/whole"
)

// Gradebook writes the rows as CSV (RFC 4180): student, points, max_points,
// percent, status, a column for each exercise, and a note. Where the kit failed
// the points are empty and the status is "fault": that is no zero.
func Gradebook(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	head := []string{"student", "points", "max_points", "percent", "status"}
	if len(rows) > 0 {
		for _, e := range rows[0].Exercises {
			head = append(head, e.ID)
		}
	}
	if err := out.Write(append(head, "note")); err != nil {
		return fmt.Errorf("write the gradebook: %w", err)
	}
	for _, r := range rows {
		if err := out.Write(r.fields()); err != nil {
			return fmt.Errorf("write the gradebook: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

// Publish writes what is made of all rows into the folder of results: the
// gradebook, and the class page with its links to the students'.
func Publish(out string, rows []Row) error {
	var students []report.Student
	for _, r := range rows {
		students = append(students, report.Student{
			Name: r.Student, Folder: r.Student, Points: r.Points, MaxPoints: r.MaxPoints,
			Fault: r.Fault, Note: r.Note(), Checks: r.Checks,
		})
	}
	return errors.Join(
		whole.Write(filepath.Join(out, GradebookName), 0o644, func(w io.Writer) error { return Gradebook(w, rows) }),
		whole.Write(filepath.Join(out, PageName), 0o644, func(w io.Writer) error { return report.ClassHTML(w, students) }),
	)
}

func (r Row) fields() []string {
	fields := []string{harmless(r.Student), strconv.Itoa(r.Points), strconv.Itoa(r.MaxPoints), percent(r.Points, r.MaxPoints), string(r.Status)}
	if r.Fault {
		fields[1], fields[3], fields[4] = "", "", "fault"
	}
	for _, e := range r.Exercises {
		cell := strconv.Itoa(e.Points)
		if e.Status == "error" {
			cell = ""
		}
		fields = append(fields, cell)
	}
	return append(fields, harmless(r.Note()))
}

// Note is what the instructor should know besides the points; "" for nothing.
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

func percent(points, of int) string {
	if of == 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(points)/float64(of), 'f', 1, 64)
}

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
