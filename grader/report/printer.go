package report

import (
	"bytes"
	"cmp"
	"strings"
)

// The columns of the layout, from 0.
const (
	detailIndent    = 6  // what is said of a check
	frameIndent     = 8  // tables below that
	aftermathIndent = 12 // what follows a table
	metaColumn      = 55 // where the lab, the seed and the time begin
	blockedColumn   = 69 // where "blocked by" begins
	pointsEnd       = 74 // where points end
	labelWidth      = 10 // "look at", "more", "expected" and the blanks after it
	hintWidth       = 26 // the hint and the blanks after it
	maxName         = 30 // an exercise's id, a host's name

	defaultWidth = 100
	minWidth     = 40
)

// printer lays out lines. It writes to memory, which cannot fail.
type printer struct {
	buf     bytes.Buffer
	width   int
	color   bool
	reports string
	idWidth int // of the widest exercise id
}

func newPrinter(o Options) *printer {
	return &printer{
		width:   max(minWidth, cmp.Or(o.Width, defaultWidth)),
		color:   o.Color,
		reports: cmp.Or(o.ReportsDir, "reports"),
	}
}

// line prints one line. Everything that is printed comes through here, and is
// made harmless here, after which only our own colour codes are added.
func (p *printer) line(spans ...span) {
	if n := len(spans); n > 0 {
		spans[n-1].text = strings.TrimRight(spans[n-1].text, " ")
	}
	for _, s := range spans {
		p.buf.WriteString(s.style.paint(cleanLine(s.text), p.color))
	}
	p.buf.WriteByte('\n')
}

// row prints left, wrapped under itself after head, and right beginning at
// column: further left where the width demands it, further right where left is
// long, and on a line of its own where both do not fit on one.
func (p *printer) row(head, left span, column int, right ...span) {
	indent, wide := columns(head.text), 0
	for _, s := range right {
		wide += columns(s.text)
	}
	text, _ := clip(left.text, valueLimit)
	rows := wrap(strings.Join(lines(text), " "), p.width-indent)
	for _, text := range rows[:len(rows)-1] {
		p.line(head, span{text, left.style})
		head = plain(spaces(indent))
	}
	last := span{rows[len(rows)-1], left.style}
	column = min(column, p.width-wide)
	used := indent + columns(last.text)
	switch {
	case wide == 0:
		p.line(head, last)
	case max(used+2, column)+wide <= p.width:
		gap := plain(spaces(max(2, column-used)))
		p.line(append([]span{head, last, gap}, right...)...)
	case column < indent:
		p.line(head, last)
		p.block(detailIndent, right[0].text, messageLimit)
	default:
		p.line(head, last)
		p.line(append([]span{plain(spaces(column))}, right...)...)
	}
}

// block prints text of any length, wrapped and indented; nothing for "".
func (p *printer) block(indent int, text string, l limit) {
	if strings.TrimSpace(text) != "" {
		p.hanging(spaces(indent), text, l)
	}
}

// labelled prints "look at   value"; nothing where there is no value.
func (p *printer) labelled(indent int, label, value string) {
	if value != "" {
		p.hanging(spaces(indent)+pad(label, labelWidth), value, valueLimit)
	}
}

// hanging prints lead and text, whose further lines begin where its first does.
func (p *printer) hanging(lead, text string, l limit) {
	kept, note := clip(strings.Trim(text, "\r\n"), l)
	all := lines(kept)
	if note != "" {
		all = append(all, note)
	}
	indent := columns(lead)
	for _, one := range all {
		for _, piece := range wrap(one, p.width-indent) {
			p.line(plain(lead + piece))
			lead = spaces(indent)
		}
	}
}
