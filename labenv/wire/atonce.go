package wire

import (
	"cmp"
	"slices"
	"time"

	"wirelab/exercises/port"
)

// AtOnce returns the greatest number of conversations that were open at once,
// and the SYN that first made them so many (nil for 0). A conversation lasts
// from its first SYN: where the port accepts, to the peer's FIN or RST, or the
// host's RST; where it refuses, or an ICMP error comes, to that answer; where
// nothing answers, to SYN + timeout less a tenth, or to the peer's own FIN or
// RST if that is earlier. The tenth keeps a scanner safe whose timer fires a
// little early, or whose next SYN overtakes.
func (t *Trace) AtOnce(timeout time.Duration) (most int, at *Frame) {
	events := t.beginningsAndEnds(timeout)
	slices.SortStableFunc(events, func(a, b event) int {
		// What ends in the moment in which another begins makes room for it;
		// what ends in the moment in which it began was never open.
		return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.delta, b.delta))
	})
	open := 0
	for _, e := range events {
		open += e.delta
		if open > most {
			most, at = open, e.syn
		}
	}
	return most, at
}

// event is a conversation's beginning (delta +1) or end (delta -1).
type event struct {
	time  time.Time
	delta int
	syn   *Frame
}

// beginningsAndEnds returns the events of all conversations with a SYN.
func (t *Trace) beginningsAndEnds(timeout time.Duration) []event {
	var events []event
	for _, c := range t.Conversations() {
		syn := c.firstSYN()
		if syn == nil {
			continue
		}
		events = append(events, event{syn.Time, +1, syn})
		if end, ok := c.lastsTo(syn, timeout); ok {
			events = append(events, event{end, -1, syn})
		}
	}
	return events
}

// lastsTo returns when the conversation that syn started stops counting as
// open; ok is false where it never does.
func (c Conversation) lastsTo(syn *Frame, timeout time.Duration) (end time.Time, ok bool) {
	end, ok = c.Ended()
	if _, reason, _ := c.Verdict(); reason != port.NoResponse {
		return end, ok
	}
	givenUp := syn.Time.Add(timeout - timeout/10)
	if !ok || givenUp.Before(end) {
		return givenUp, true
	}
	return end, true
}
