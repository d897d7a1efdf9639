package report

import (
	"fmt"

	"wirelab/grader/check"
)

// maxFrames is how many frames are shown. The rest is in the capture.
const maxFrames = 30

// wire prints the frames that decided, and what came after the last of them.
func (p *printer) wire(c check.Result) {
	if len(c.Frames) == 0 && c.Aftermath == "" {
		return
	}
	p.line(plain(spaces(detailIndent)), span{"on the wire, as captured at the target:", dim})
	shown := c.Frames[:min(len(c.Frames), maxFrames)]
	p.frames(shown)
	if rest := len(c.Frames) - len(shown); rest > 0 {
		p.line(plain(fmt.Sprintf("%s(%d more frames are in the capture)", spaces(aftermathIndent), rest)))
	}
	if c.Aftermath != "" {
		p.block(aftermathIndent, "("+c.Aftermath+")", messageLimit)
	}
}

// frames prints a table: number, time, who to whom, what.
func (p *printer) frames(frames []check.Frame) {
	numbers, times, parties := 4, 8, 0
	for _, f := range frames {
		numbers = max(numbers, columns(number(f))+1)
		times = max(times, columns(millis(f)))
		parties = max(parties, columns(direction(f)))
	}
	for _, f := range frames {
		lead := fmt.Sprintf("%s%s%*s ms   %s   ", spaces(frameIndent),
			pad(number(f), numbers), times, millis(f), pad(direction(f), parties))
		p.hanging(lead, f.Summary, valueLimit)
	}
}

func number(f check.Frame) string { return fmt.Sprintf("#%d", f.Number) }

func millis(f check.Frame) string { return fmt.Sprintf("%.3f", f.TimeMS) }

func direction(f check.Frame) string { return party(f.From) + " → " + party(f.To) }

// party calls the seat what it is to the reader.
func party(host string) string {
	if host == "seat" {
		return "you"
	}
	return chop(host, maxName)[0]
}
