package report

import (
	"fmt"
	"io"
	"strings"

	"wirelab/grader/check"
)

// maxMarkdown is what GitHub takes of a job summary: 1 MiB for each step. What
// is longer is cut at the end of an exercise.
const maxMarkdown = 1<<20 - 1<<10

// Markdown writes the report as Markdown of GitHub's kind: a table of exercises,
// then a list of checks for each that has any. Foreign text stands in blocks of
// code, where it is no markup.
func Markdown(w io.Writer, r check.Report) error {
	var b strings.Builder
	lost := 0
	b.WriteString("| | exercise | points |\n|---|---|---:|\n")
	for _, e := range r.Exercises {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", mark(e.Status), inline(e.ID+" "+e.Title), fraction(e.Points, e.MaxPoints))
		lost += unjudged(e)
	}
	fmt.Fprintf(&b, "\n%s · %s\n", outOf(r.Points, r.MaxPoints, lost), inline(meta(r, r.DurationMS).text))
	for i, e := range r.Exercises {
		part := markdownExercise(e)
		if b.Len()+len(part) > maxMarkdown {
			fmt.Fprintf(&b, "\n%d more exercises are in the full report.\n", len(r.Exercises)-i)
			break
		}
		b.WriteString(part)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func markdownExercise(e check.Exercise) string {
	if e.Status == check.NotStarted || e.Status == check.Pass {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n", inline(e.ID+" "+e.Title))
	if len(e.Checks) == 0 {
		b.WriteString(fenced(whole(e), "  "))
		return b.String()
	}
	for i, c := range e.Checks {
		fmt.Fprintf(&b, "- %s %s %s\n", mark(c.Status), inline(c.Title), fraction(c.Points, c.MaxPoints))
		if text := why(e, i); c.Status != check.Blocked && text != "" {
			fmt.Fprintf(&b, "\n%s\n", fenced(text, "  "))
		}
	}
	return b.String()
}

// mark is a status as a sign and a word: a sign alone is not read out.
func mark(s check.Status) string { return strings.TrimSpace(markOf(s).text) + " " + string(s) }

// inline sets text in a line, where nothing in it is markup: punctuation is
// escaped (CommonMark 2.4), and "@name" addresses nobody.
func inline(text string) string {
	var b strings.Builder
	for _, r := range cleanLine(text) {
		switch {
		case r == '@':
			b.WriteString("&#64;")
		case strings.ContainsRune("\\`*_{}[]<>#+!|~&\"'$", r):
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fenced sets text as a block of code, with a fence longer than any in it
// (CommonMark 4.5).
func fenced(text, indent string) string {
	longest, run := 2, 0
	for _, r := range text {
		run++
		if r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	lines := strings.Split(clean(text), "\n")
	return indent + fence + "text\n" + indent + strings.Join(lines, "\n"+indent) + "\n" + indent + fence + "\n"
}
