package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"wirelab/grader/check"
)

// details is what the text report says of a check that did not pass, for systems
// that show a text: why, what the wire showed, what to learn.
func details(e check.Exercise, c check.Result) string {
	p := newPrinter(Options{})
	p.details(e, c)
	var lines []string
	for line := range strings.Lines(p.buf.String()) {
		lines = append(lines, strings.TrimPrefix(line, spaces(detailIndent)))
	}
	return strings.TrimRight(strings.Join(lines, ""), "\n")
}

// whole is what is said of an exercise of which no check ran.
func whole(e check.Exercise) string {
	switch {
	case e.Status == check.NotStarted:
		return "not started: the files are the kit's own"
	case e.Headline == "":
		return clean(e.Message)
	case e.Message == "":
		return clean(e.Headline)
	}
	return clean(e.Headline + ":\n" + e.Message)
}

// why says why a check has no points, whatever kept them from it.
func why(e check.Exercise, i int) string {
	c := e.Checks[i]
	switch c.Status {
	case check.Pass:
		return ""
	case check.Blocked:
		return cleanLine(blockedBy(e.Checks, i))
	case check.Fail:
		return details(e, c)
	}
	return strings.TrimRight("the kit failed, not the code:\n"+details(e, c), "\n:")
}

// cutTo cuts text to at most n bytes, at a character, and marks the cut.
func cutTo(text string, n int) string {
	const mark = "… (cut)"
	if len(text) <= n {
		return text
	}
	return text[:runeStart(text, n-len(mark))] + mark
}

// indented writes a value as indented JSON with one line end. Characters that
// a terminal acts on are escaped.
func indented(w io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if _, err := w.Write(append(escapeShapeless(data), '\n')); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
