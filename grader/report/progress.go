package report

import (
	"fmt"
	"io"
	"sync"
)

// progressWidth keeps the line shorter than any terminal: a line that the
// terminal wraps cannot be redrawn.
const progressWidth = 78

// Progress shows how far long work has come, on one line that it redraws.
// Where there is no terminal it prints nothing. It may be used from several
// goroutines. A line that cannot be written is lost: it matters to nobody.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer // nil where there is no terminal
	drawn int       // columns on the line now
}

// NewProgress returns a Progress that draws to w if terminal is true.
func NewProgress(w io.Writer, terminal bool) *Progress {
	if !terminal {
		w = nil
	}
	return &Progress{w: w}
}

// Step says that done of total parts are done, and what is being done now. A
// total of 0 or less is one that is not known yet.
func (p *Progress) Step(done, total int, what string) {
	text := cleanLine(what)
	if total > 0 {
		text = fmt.Sprintf("%d of %d  %s", done, total, text)
	}
	p.draw(chop(text, progressWidth)[0])
}

// Done takes the line away, so that what is printed next stands in its place.
func (p *Progress) Done() {
	p.draw("")
}

// draw puts text over the old line. Blanks cover what is left of that one, and
// need no escape sequence that a terminal might not know.
func (p *Progress) draw(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil || (text == "" && p.drawn == 0) {
		return
	}
	line := "\r" + pad(text, p.drawn)
	p.drawn = columns(text)
	if text == "" {
		line += "\r"
	}
	_, _ = io.WriteString(p.w, line)
}
