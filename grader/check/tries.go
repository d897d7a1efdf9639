package check

import (
	"wirelab/exercises/port"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// Tries returns what the wire says of a port of the target's that a scanner may
// have asked several times, each time by a conversation of its own: the first
// answer to any of them decides. Of a port whose packets get lost (see
// plan.Port) silence is no contradiction, and is what the wire says then.
// Anything else that disagrees with the plan ends the check, as for Port.
func (tr *Trace) Tries(p plan.Port) Finding {
	f := Finding{truth: p, trace: tr, Conversations: tr.questions(p)}
	for _, c := range f.Conversations {
		state, reason, _ := c.Verdict()
		if f.State == "" || f.Reason == port.NoResponse {
			f.State, f.Reason = state, reason
		}
		answered := reason != port.NoResponse
		if answered && (state != p.State() || reason != p.Reason()) {
			tr.disagree(p, c)
		}
	}
	lossy := p.Loss > 0 || p.LoseFirst > 0
	if f.Asked() && f.Reason == port.NoResponse && !lossy && p.Reason() != port.NoResponse {
		tr.requireSound(p, f.Conversations)
		tr.disagree(p, f.Conversations[0])
	}
	return f
}

// requireSound fails the check where the SYNs of conversations that nobody
// answered were damaged: no host answers those, and the lab is not to blame.
func (tr *Trace) requireSound(p plan.Port, unanswered []wire.Conversation) {
	for _, c := range unanswered {
		for _, f := range c.Frames {
			if !f.Sent && f.TCP != nil && f.TCP.Damaged {
				tr.ShowFrame(c, f)
				tr.bench.t.Failf("the SYN to port %d has a wrong TCP checksum (frame %d): the host throws it away unread", p.Number, f.Number)
			}
		}
	}
}

// SYNs counts the SYNs that the port was sent, those of all tries.
func (f Finding) SYNs() int {
	n := 0
	for _, c := range f.Conversations {
		n += c.SYNs
	}
	return n
}

// ByWire returns what a scanner that reads packets can know of the port that f
// is about: just what the wire shows.
func (f Finding) ByWire() Want {
	return Want{State: f.State, Reasons: []port.Reason{f.Reason}}
}

// ShowFrame puts one frame, and the conversation that it belongs to, into the
// result.
func (tr *Trace) ShowFrame(c wire.Conversation, decisive wire.Frame) {
	tr.ShowConversation(c)
	frames, found := tr.bench.t.result.Frames, false
	for i := range frames {
		frames[i].Deciding = frames[i].Number == decisive.Number
		found = found || frames[i].Deciding
	}
	if found {
		return
	}
	tr.bench.t.show("target", []wire.Frame{decisive}, decisive.Number)
}
