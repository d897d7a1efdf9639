package report

import (
	"strings"
	"unicode"
)

const (
	tabStop = 8
	// maxLine is where a line that may not be wrapped is cut, in columns.
	maxLine = 300
	// minText is what is left for text however deep it is indented.
	minText = 20
)

// lines splits text at its line ends, and sets blanks for tabs, so that each
// line is as wide as it looks.
func lines(text string) []string {
	all := strings.Split(clean(text), "\n")
	for i, l := range all {
		all[i] = strings.TrimRight(expand(l), " ")
	}
	return all
}

// expand sets blanks for tabs.
func expand(line string) string {
	if !strings.Contains(line, "\t") {
		return line
	}
	var b strings.Builder
	at := 0
	for _, r := range line {
		if r == '\t' {
			n := tabStop - at%tabStop
			b.WriteString(spaces(n))
			at += n
			continue
		}
		b.WriteRune(r)
		at += runeColumns(r)
	}
	return b.String()
}

// wrap breaks a line between words. Further lines keep its indentation. A line
// with a run of blanks inside it belongs to a table, which wrapping would
// break: it stays whole, and so does a word that is too long, such as a path.
func wrap(line string, width int) []string {
	body := strings.TrimLeft(line, " ")
	if columns(line) <= max(width, minText) || strings.Contains(body, "  ") {
		return []string{shorten(line)}
	}
	indent := line[:len(line)-len(body)]
	room := max(width-len(indent), minText)
	var out []string
	row := ""
	for _, word := range strings.Fields(body) {
		if row != "" && columns(row)+1+columns(word) > room {
			out = append(out, shorten(indent+row))
			row = ""
		}
		row = strings.TrimLeft(row+" "+word, " ")
	}
	return append(out, shorten(indent+row))
}

// shorten cuts a line that would fill screens.
func shorten(line string) string {
	if columns(line) <= maxLine {
		return line
	}
	return chop(line, maxLine)[0] + "…"
}

// chop breaks a line into pieces of at most width columns.
func chop(line string, width int) []string {
	width = max(width, minText)
	var out []string
	start, at := 0, 0
	for i, r := range line {
		if at+runeColumns(r) > width {
			out = append(out, line[start:i])
			start, at = i, 0
		}
		at += runeColumns(r)
	}
	return append(out, line[start:])
}

// columns is how wide text is on a terminal.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// runeColumns follows the usual wcwidth: none for marks that combine, two for
// the scripts and signs that are drawn wide.
func runeColumns(r rune) int {
	switch {
	case r < 0x300: // the first mark that combines
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1F300 && r <= 0x1FAFF, r >= 0xFF01 && r <= 0xFF60,
		unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
		return 2
	}
	return 1
}

// pad fills text with blanks to width columns.
func pad(text string, width int) string {
	return text + spaces(width-columns(text))
}

func spaces(n int) string { return strings.Repeat(" ", max(0, n)) }
