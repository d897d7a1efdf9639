package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wirelab/exercises/port"
	"wirelab/labenv/wire"
)

// Verdict is what a check of verdicts shows when a learner's differs.
type Verdict struct {
	// Said is how the learner put it: "Probe(…) returned CLOSED (conn-refused)".
	Said string
	// Got is the learner's result, Want what may be right of it.
	Got  port.Result
	Want Want
	// Waited says what the learner did after the last frame:
	// "300 ms later Probe returned".
	Waited string
}

// Want is what is right for a port: one state, and the reasons that a scanner
// of this kind can know.
type Want struct {
	State   port.State
	Reasons []port.Reason
}

// Allows tells whether a result is right.
func (w Want) Allows(r port.Result) bool {
	return r.State == w.State && slices.Contains(w.Reasons, r.Reason)
}

// String is "FILTERED (no-response)"; further reasons follow an "or".
func (w Want) String() string {
	reasons := make([]string, len(w.Reasons))
	for i, r := range w.Reasons {
		reasons[i] = string(r)
	}
	return fmt.Sprintf("%s (%s)", w.State, strings.Join(reasons, " or "))
}

// ByConnect returns what a scanner that uses connect(2) can know of the port
// that f is about: connect tells an errno, and several packets share one
// (connect(2), tcp(7), icmp(7)).
func (f Finding) ByConnect() Want {
	w := Want{State: f.State, Reasons: []port.Reason{f.Reason}}
	switch f.Reason {
	case port.Reset:
		w.Reasons = []port.Reason{port.ConnRefused}
	case port.PortUnreach:
		// ECONNREFUSED, as for a RST.
		w.State, w.Reasons = port.Closed, []port.Reason{port.ConnRefused, port.PortUnreach}
	case port.AdminProhibited:
		// ENETUNREACH for code 9, EHOSTUNREACH for 10 and 13, EACCES over IPv6.
		w.Reasons = []port.Reason{port.AdminProhibited, port.HostUnreach, port.NetUnreach}
	}
	return w
}

// Require fails the check unless the verdict is right, and shows the frames
// that prove it wrong.
func (f Finding) Require(v Verdict) {
	t := f.trace.bench.t
	if !f.Asked() {
		t.result.Actual = v.Said
		t.result.Aftermath = "no packet to this port at all: the answer was not got from the network"
		t.Failf("your program gave a verdict on port %d without sending it a packet", f.truth.Number)
	}
	if v.Want.Allows(v.Got) {
		return
	}
	f.Show()
	t.result.Actual, t.result.Expected, t.result.Aftermath = v.Said, v.Want.String(), "nothing more"
	if v.Waited != "" {
		t.result.Aftermath += ": " + v.Waited
	}
	t.FailNow() // what was said and what was expected say it all
}

// maxShown is how many frames of a conversation a report needs.
const maxShown = 12

// Show puts the frames of the port's first conversation into the result.
func (f Finding) Show() {
	if len(f.Conversations) == 0 {
		return
	}
	f.trace.ShowConversation(f.Conversations[0])
}

// ShowConversation puts a conversation's frames into the result.
func (tr *Trace) ShowConversation(c wire.Conversation) {
	tr.bench.t.result.Frames = nil
	tr.bench.t.show("target", c.Frames[:min(len(c.Frames), maxShown)], decidingOf(c))
}

// ShowBeginnings puts the first frame of each of the port's conversations into
// the result.
func (f Finding) ShowBeginnings() {
	var first []wire.Frame
	for _, c := range f.Conversations {
		first = append(first, c.Frames[0])
	}
	f.trace.bench.t.result.Frames = nil
	f.trace.bench.t.show("target", first[:min(len(first), maxShown)], 0)
}

// DecidedBefore tells whether the wire shows the port's answer before t.
func (f Finding) DecidedBefore(t time.Time) bool {
	if len(f.Conversations) == 0 {
		return false
	}
	_, _, deciding := f.Conversations[0].Verdict()
	return deciding != nil && deciding.Time.Before(t)
}

// decidingOf is the number of the frame that decides a conversation; 0 where
// none does.
func decidingOf(c wire.Conversation) int {
	if _, _, f := c.Verdict(); f != nil {
		return f.Number
	}
	return 0
}
