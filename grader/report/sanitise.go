package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// limit is how much of a text is shown.
type limit struct {
	bytes int
	lines int
}

var (
	messageLimit = limit{bytes: 16 << 10, lines: 80} // the kit's words and the compiler's
	valueLimit   = limit{bytes: 2 << 10, lines: 20}  // one value
	outputLimit  = limit{bytes: 4 << 10, lines: 40}  // what the learner's program printed
)

// clip keeps the beginning of text, and says in note how much it left out.
func clip(text string, l limit) (kept, note string) {
	kept = text
	if len(kept) > l.bytes {
		kept = kept[:runeStart(kept, l.bytes)]
	}
	if parts := strings.SplitAfterN(kept, "\n", l.lines+1); len(parts) > l.lines {
		kept = kept[:len(kept)-len(parts[l.lines])]
	}
	if left := len(text) - len(kept); left > 0 {
		note = fmt.Sprintf("(cut here: %d more bytes)", left)
	}
	return strings.TrimRight(kept, "\n"), note
}

// runeStart is the last place at or before i where a character begins. Bytes
// that are no UTF-8 all begin one, so at most three are given up.
func runeStart(text string, i int) int {
	for n := 0; n < utf8.UTFMax-1 && i > 0 && !utf8.RuneStart(text[i]); n++ {
		i--
	}
	return i
}

// clean makes foreign text harmless: what a terminal would act on is set in
// signs that only show it. Line feeds and tabs stay, and "\r\n" is one line end;
// a carriage return anywhere else would let a line be written over.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, text)
}

// cleanLine is clean for what has to stay on one line.
func cleanLine(text string) string { return strings.Map(visible, text) }

// visible shows C0 controls in Unicode's control pictures, U+2400 and on. The
// other characters that have no shape become U+FFFD: C1 controls, among them
// the one-byte CSI; the overrides of bidirectional text, which can make a line
// read as another; bytes that are no UTF-8.
func visible(r rune) rune {
	const (
		pictures  = 0x2400
		deletePic = 0x2421
	)
	switch {
	case r < ' ':
		return pictures + r
	case r == 0x7F:
		return deletePic
	case !unicode.IsGraphic(r):
		return unicode.ReplacementChar
	}
	return r
}
