package report

import (
	"fmt"
	"io"
	"strings"

	"wirelab/grader/check"
)

// maxAnnotations is how many errors GitHub shows of one step.
const maxAnnotations = 10

// maxAnnotation bounds the text of one annotation, in bytes.
const maxAnnotation = 4 << 10

// GitHub writes what GitHub Actions reads from a step's output: the text report,
// during which no command is obeyed, then an annotation for each check that did
// not pass, as many as GitHub shows
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
// token ends the part without commands; it must not be guessed by whoever wrote
// the code.
func GitHub(w io.Writer, r check.Report, token string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "::stop-commands::%s\n", token)
	if err := Text(&b, r, Options{}); err != nil {
		return err
	}
	fmt.Fprintf(&b, "::%s::\n", token)
	notes := annotations(r)
	for _, n := range notes[:min(len(notes), maxAnnotations)] {
		b.WriteString(n)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func annotations(r check.Report) []string {
	var all []string
	for _, e := range r.Exercises {
		if e.Status == check.NotStarted {
			continue
		}
		if len(e.Checks) == 0 && e.Status != check.Pass {
			all = append(all, annotation(e, e.ID+": "+e.Title, whole(e)))
		}
		for i, c := range e.Checks {
			if c.Status == check.Fail || c.Status == check.Error {
				all = append(all, annotation(e, e.ID+": "+c.Title, why(e, i)))
			}
		}
	}
	return all
}

func annotation(e check.Exercise, title, text string) string {
	properties := "title=" + escapeProperty(cleanLine(title))
	if e.LookAt != "" {
		properties = "file=" + escapeProperty(cleanLine(e.LookAt)) + "," + properties
	}
	return fmt.Sprintf("::error %s::%s\n", properties, escapeData(cutTo(text, maxAnnotation)))
}

// escapeData and escapeProperty write text so that it ends no workflow command:
// actions/toolkit, packages/core/src/command.ts.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
