package report

import (
	"fmt"
	"slices"
	"strings"

	"wirelab/grader/check"
)

// ladder is a diagram of packets: a rail for each host, the seat's on the left,
// time down, and an arrow for each frame. Lengths are in pixels.
type ladder struct {
	Height    int
	Last      int // baseline of the line below the arrows
	Right     int // where there is room beside the last rail
	Words     string
	Aftermath string
	Rails     []rail
	Arrows    []arrow
}

type rail struct {
	Name   string
	X, End int
}

type arrow struct {
	Number              int
	Time, Summary, Head string
	From, To, Middle    int
	Y, Above, Text      int
	Deciding            bool
}

// The layout of a ladder.
const (
	firstRail  = 180
	railGap    = 270
	firstArrow = 56
	arrowGap   = 34
	headLength = 9
	maxWords   = 60 // characters of a frame's summary
)

// newLadder draws a check's frames; nil where it has neither frames nor a word
// on what did not come.
func newLadder(c check.Result) *ladder {
	if len(c.Frames) == 0 && c.Aftermath == "" {
		return nil
	}
	frames := c.Frames[:min(len(c.Frames), maxFrames)]
	names := hosts(frames)
	end := firstArrow + arrowGap*len(frames)
	l := &ladder{Height: end + 28, Last: end + 12, Right: firstRail + railGap*(len(names)-1) + 14, Words: inWords(frames, c.Aftermath), Aftermath: cleanLine(c.Aftermath)}
	if rest := len(c.Frames) - len(frames); rest > 0 {
		l.Aftermath = strings.TrimSuffix(fmt.Sprintf("%d more frames are in the capture; %s", rest, l.Aftermath), "; ")
	}
	for i, n := range names {
		l.Rails = append(l.Rails, rail{Name: cleanLine(party(n)), X: firstRail + railGap*i, End: end})
	}
	for i, f := range frames {
		from, to := slices.Index(names, f.From), slices.Index(names, f.To)
		l.Arrows = append(l.Arrows, newArrow(f, firstRail+railGap*from, firstRail+railGap*to, firstArrow+arrowGap*i))
	}
	return l
}

// hosts lists who sent or received, the seat and the target always, and first.
func hosts(frames []check.Frame) []string {
	names := []string{"seat", "target"}
	for _, f := range frames {
		for _, n := range []string{f.From, f.To} {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

func newArrow(f check.Frame, from, to, y int) arrow {
	back := headLength
	if to > from {
		back = -headLength
	}
	return arrow{
		Number: f.Number, Time: millis(f), Summary: cutTo(cleanLine(f.Summary), maxWords), Deciding: f.Deciding,
		From: from, To: to, Middle: (from + to) / 2, Y: y, Above: y - 6, Text: y + 4,
		Head: fmt.Sprintf("M %d %d l %d -5 v 10 z", to, y, back),
	}
}

// inWords says what a ladder shows, for those who hear the page.
func inWords(frames []check.Frame, aftermath string) string {
	var parts []string
	for _, f := range frames {
		text := fmt.Sprintf("frame %d, %s ms, %s: %s", f.Number, millis(f), direction(f), f.Summary)
		if f.Deciding {
			text += " (decides)"
		}
		parts = append(parts, text)
	}
	if aftermath != "" {
		parts = append(parts, aftermath)
	}
	return cleanLine(strings.Join(parts, "; "))
}
