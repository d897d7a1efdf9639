package wire

import (
	"slices"
	"time"

	"wirelab/exercises/port"
)

// Verdict returns the state of the host's port as this conversation proves it,
// the reason, and the deciding frame. It is decided by the first frame that
// the host itself sent in answer to a SYN: a SYN-ACK that acknowledges it
// (OPEN), a RST that acknowledges it (CLOSED; RFC 9293, section 3.5.2), or an
// ICMP destination unreachable that quotes it (FILTERED). Without any it is
// FILTERED with port.NoResponse and a nil frame. A conversation without a SYN
// has no verdict: everything is then empty.
func (c Conversation) Verdict() (port.State, port.Reason, *Frame) {
	j := c.judge()
	switch {
	case c.SYNs == 0:
		return "", "", nil
	case j.deciding == nil:
		return port.Filtered, port.NoResponse, nil
	}
	return j.state, j.reason, j.deciding
}

// RTT returns the time from the latest SYN before the deciding frame to that
// frame; 0 where nothing was decided.
func (c Conversation) RTT() time.Duration {
	j := c.judge()
	if j.deciding == nil {
		return 0
	}
	return j.deciding.Time.Sub(j.asked.Time)
}

// Ended returns when the peer was done with the conversation: its first FIN or
// RST, or whatever took the connection from it, a RST of the host's or the ICMP
// error that decided. ok is false where the peer still holds it open, and for
// silence.
func (c Conversation) Ended() (t time.Time, ok bool) {
	j := c.judge()
	if j.ended == nil {
		return time.Time{}, false
	}
	return j.ended.Time, true
}

// judge goes through the whole conversation.
func (c Conversation) judge() judge {
	var j judge
	for i := range c.Frames {
		j.see(&c.Frames[i])
	}
	return j
}

// judge follows one conversation frame by frame.
type judge struct {
	syns     []*TCP // those that may be answered, each sequence number once
	asked    *Frame // the latest SYN before the deciding frame
	deciding *Frame
	state    port.State
	reason   port.Reason
	ended    *Frame
}

// see takes the conversation's next frame into account.
func (j *judge) see(f *Frame) {
	if isSYN(f) {
		j.question(f)
	} else if f.Sent && j.deciding == nil {
		j.answer(f)
	}
	if j.ended == nil && j.endedBy(f) {
		j.ended = f
	}
}

func (j *judge) question(f *Frame) {
	if j.deciding != nil {
		return
	}
	j.asked = f
	known := slices.ContainsFunc(j.syns, func(s *TCP) bool { return s.Seq == f.TCP.Seq && s.Payload == f.TCP.Payload })
	if !known {
		j.syns = append(j.syns, f.TCP)
	}
}

// answer decides by f if it answers one of the SYNs.
func (j *judge) answer(f *Frame) {
	for _, syn := range j.syns {
		state, reason := answers(f, syn)
		if state != "" {
			j.deciding, j.state, j.reason = f, state, reason
			return
		}
	}
}

// answers returns what f, sent by the host, says in answer to syn; "" where it
// is no answer to it.
func answers(f *Frame, syn *TCP) (port.State, port.Reason) {
	switch {
	case f.Unreach != nil && f.Unreach.Reason != "" && f.Unreach.Quoted.Seq == syn.Seq:
		return port.Filtered, f.Unreach.Reason
	case f.TCP == nil || !f.TCP.acknowledges(syn):
		return "", ""
	case f.TCP.RST:
		return port.Closed, port.Reset
	case f.TCP.SYN:
		return port.Open, port.SYNACK
	}
	return "", ""
}

// acknowledges tells whether t acknowledges the SYN, with or without the data
// in it (RFC 9293, section 3.10.7: a RST acknowledges both, a SYN-ACK of a
// server that does not take data early the SYN alone).
func (t *TCP) acknowledges(syn *TCP) bool {
	n := t.Ack - syn.Seq
	return t.ACK && (n == 1 || n == 1+uint32(syn.Payload)) //nolint:gosec // a payload is shorter than 64 KiB
}

// endedBy tells whether f lets go of the connection. A RST of the host's that
// answers no SYN ends nothing: the peer's kernel ignores it.
func (j *judge) endedBy(f *Frame) bool {
	switch {
	case f == j.deciding:
		return j.state != port.Open
	case f.TCP == nil:
		return false
	case f.Sent:
		return f.TCP.RST && (j.deciding != nil || len(j.syns) == 0)
	}
	return f.TCP.FIN || f.TCP.RST
}
