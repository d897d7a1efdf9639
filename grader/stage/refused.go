package stage

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxShown bounds how many problems an error's text lists, maxText how long
// each may be: a hostile file can have thousands, and long ones.
const (
	maxShown = 20
	maxText  = 300
)

// RefusedError tells why a learner's files are not compiled. That is a fail,
// not a fault of the kit.
type RefusedError struct {
	Problems []Problem // all of them, sorted by file and line
}

// Problem is one reason.
type Problem struct {
	File   string // base name of the learner's file; "" where the whole folder is meant
	Line   int    // from 1; 0 where no line can be named
	Column int    // in bytes, from 1; 0 where it says nothing
	Text   string // in a sentence
}

// String returns the problem as compilers write it: "probe.go:5: the import …".
// It holds printable characters only, whatever the file was called.
func (p Problem) String() string {
	var at strings.Builder
	at.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&at, ":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		fmt.Fprintf(&at, ":%d", p.Column)
	}
	if at.Len() == 0 {
		return printable(p.Text)
	}
	return printable(at.String()) + ": " + printable(p.Text)
}

// Error lists the problems, a line for each.
func (e *RefusedError) Error() string {
	var lines []string
	for _, p := range e.Problems[:min(len(e.Problems), maxShown)] {
		lines = append(lines, p.String())
	}
	if more := len(e.Problems) - maxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// refuse returns problems as an error, sorted.
func refuse(problems ...Problem) error {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &RefusedError{Problems: problems}
}

// printable cuts a text to a sane length, and quotes what would move a
// terminal's cursor.
func printable(text string) string {
	runes := []rune(text)
	if len(runes) > maxText {
		runes = append(runes[:maxText], '…')
	}
	var b strings.Builder
	for _, r := range runes {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}
