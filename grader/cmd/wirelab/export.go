package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"wirelab/grader/check"
	"wirelab/grader/report"
	"wirelab/grader/whole"
)

// The forms of a report that other systems read, and the file that each expects
// in the folder of --out.
var fileOf = map[string]string{
	"gradescope": "results.json",
	"exercism":   "results.json",
	"junit":      "junit.xml",
	"markdown":   "report.md",
}

// unfinished leaves results that count where the grading is cut short, for the
// system that would else take it for a crash of its own.
func (k *checkCommand) unfinished() error {
	if k.Out == "" || k.Format != "gradescope" {
		return nil
	}
	return whole.Write(filepath.Join(k.Out, fileOf[k.Format]), 0o644, report.GradescopeUnfinished)
}

// print writes the report to the screen, and to files of the folder asked for.
func (k *checkCommand) print(c console, r check.Report, reports string) error {
	if k.Out != "" {
		err := errors.Join(
			whole.Write(filepath.Join(k.Out, "report.json"), 0o644, func(w io.Writer) error { return report.JSON(w, r) }),
			whole.Write(filepath.Join(k.Out, "report.html"), 0o644, func(w io.Writer) error { return report.HTML(w, r) }),
		)
		if err != nil {
			return err
		}
	}
	var form bytes.Buffer
	if err := k.export(&form, r, reports); err != nil {
		return err
	}
	if name := fileOf[k.Format]; name != "" && k.Out != "" {
		if err := whole.Bytes(filepath.Join(k.Out, name), 0o644, form.Bytes()); err != nil {
			return err
		}
	}
	_, err := c.out.Write(form.Bytes())
	return err
}

// export writes the report in the form asked for.
func (k *checkCommand) export(w io.Writer, r check.Report, reports string) error {
	switch k.Format {
	case "json":
		return report.JSON(w, r)
	case "junit":
		return report.JUnit(w, r)
	case "gradescope":
		return report.Gradescope(w, r, k.Visible)
	case "exercism":
		return report.Exercism(w, r)
	case "markdown":
		return report.Markdown(w, r)
	case "github":
		if err := summarise(r); err != nil {
			return err
		}
		return report.GitHub(w, r, rand.Text())
	}
	terminal := report.IsTerminal(os.Stdout)
	return report.Text(w, r, report.Options{Color: report.WantColor(terminal, os.Getenv), ReportsDir: reports})
}

// summarise adds the report to the job's summary page, in the file that GitHub
// Actions names for it.
func summarise(r check.Report) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the runner's own file
	if err != nil {
		return fmt.Errorf("the job's summary: %w", err)
	}
	defer func() { _ = f.Close() }() // a write that fails says so
	return report.Markdown(f, r)
}
