package report

import (
	"strings"

	"wirelab/grader/check"
)

// style is an SGR parameter of ECMA-48, section 8.3.117; "" is plain.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint puts the style around what is not blank in text.
func (s style) paint(text string, color bool) string {
	if !color || s == "" || strings.TrimSpace(text) == "" {
		return text
	}
	bare := strings.Trim(text, " ")
	return strings.Replace(text, bare, "\x1b["+string(s)+"m"+bare+"\x1b[0m", 1)
}

// span is a piece of a line.
type span struct {
	text  string
	style style
}

func plain(text string) span { return span{text: text} }

// indented sets a mark in by two columns and puts a blank after it.
func (s span) indented() span {
	return span{spaces(2) + s.text + " ", s.style}
}

// markOf is the sign of a status. The signs differ in shape, so that none
// depends on its colour. A status that nobody set is an error.
func markOf(s check.Status) span {
	switch s {
	case check.Pass:
		return span{"✓", green}
	case check.Fail:
		return span{"✗", red}
	case check.Blocked, check.NotStarted:
		return span{"–", dim}
	default:
		return span{"!", yellow}
	}
}
