package wire

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Conversation is what one peer and the host said to each other over TCP
// between two ports, from a first SYN on.
type Conversation struct {
	Peer, Host netip.AddrPort
	// Frames are the segments of both sides, and the ICMP errors that quote
	// them, in the order of their numbers.
	Frames []Frame
	// SYNs counts the SYN frames received, retransmissions included. It is 0
	// for segments that no SYN preceded.
	SYNs int
}

// Conversations returns all TCP conversations in the order of their first
// frames. A SYN with a new sequence number starts a new one if the one before
// between the same ports had ended; until then it is a further try.
func (t *Trace) Conversations() []Conversation {
	t.once.Do(t.converse)
	return t.conversations
}

// To returns the conversations to one port of the host, in the order of their
// first frames.
func (t *Trace) To(port uint16) []Conversation {
	t.once.Do(t.converse)
	from, _ := slices.BinarySearchFunc(t.byPort, port, Conversation.comparePort)
	to := from
	for to < len(t.byPort) && t.byPort[to].Host.Port() == port {
		to++
	}
	return t.byPort[from:to:to]
}

// Start returns when the first SYN came; the zero time where none did.
func (c Conversation) Start() time.Time {
	if f := c.firstSYN(); f != nil {
		return f.Time
	}
	return time.Time{}
}

func (c Conversation) firstSYN() *Frame {
	for i := range c.Frames {
		if isSYN(&c.Frames[i]) {
			return &c.Frames[i]
		}
	}
	return nil
}

// converse sorts the trace's frames into conversations.
func (t *Trace) converse() {
	talks, of := t.talks()
	total := 0
	for i := range talks {
		total += talks[i].size
	}
	// One array holds the frames of all conversations: a scan of every port
	// makes many short ones.
	all := make([]Frame, total)
	t.conversations = make([]Conversation, len(talks))
	for i, k := range talks {
		t.conversations[i] = Conversation{Peer: k.ends.peer, Host: k.ends.host, Frames: all[:0:k.size], SYNs: k.syns}
		all = all[k.size:]
	}
	for i, n := range of {
		if n != none {
			t.conversations[n].Frames = append(t.conversations[n].Frames, t.Frames[i])
		}
	}
	t.byPort = slices.Clone(t.conversations)
	slices.SortStableFunc(t.byPort, func(a, b Conversation) int { return a.comparePort(b.Host.Port()) })
}

func (c Conversation) comparePort(port uint16) int { return cmp.Compare(c.Host.Port(), port) }

// none is the index of no talk.
const none = -1

// talks follows the conversations of the trace, and tells for each frame which
// of them it belongs to.
func (t *Trace) talks() (talks []talk, of []int) {
	latest := map[ends]int{}
	of = make([]int, len(t.Frames))
	for i := range t.Frames {
		f := &t.Frames[i]
		of[i] = none
		key, ok := endsOf(f)
		if !ok {
			continue
		}
		n, known := latest[key]
		if f.TCP != nil && (!known || talks[n].isOver(f)) {
			n, known = len(talks), true
			latest[key] = n
			talks = append(talks, talk{ends: key})
		}
		if known {
			of[i] = n
			talks[n].add(f)
		}
	}
	return talks, of
}

// ends are the two ends of a conversation. Which is which follows from the
// direction of a frame, so that a frame with a forged source never gets in
// among the host's answers.
type ends struct {
	peer, host netip.AddrPort
}

// endsOf returns the ends of the conversation that f can belong to; ok is
// false where it can belong to none.
func endsOf(f *Frame) (e ends, ok bool) {
	src, dst := f.Src, f.Dst
	switch {
	case f.TCP != nil:
	case f.Unreach != nil && f.Unreach.Quoted.Protocol == ProtoTCP:
		// Who sends the error had received the packet that it quotes.
		src, dst = f.Unreach.Quoted.Dst, f.Unreach.Quoted.Src
	default:
		return ends{}, false
	}
	if f.Sent {
		return ends{peer: dst, host: src}, true
	}
	return ends{peer: src, host: dst}, true
}

// talk is a conversation in the making.
type talk struct {
	ends  ends
	size  int // frames so far
	syns  int
	seq   uint32 // of the latest SYN
	judge judge
}

// isOver tells whether f is a SYN that starts another conversation than this.
func (k *talk) isOver(f *Frame) bool {
	if !isSYN(f) {
		return false
	}
	return k.syns == 0 || k.judge.ended != nil && f.TCP.Seq != k.seq
}

func (k *talk) add(f *Frame) {
	k.size++
	if isSYN(f) {
		k.syns++
		k.seq = f.TCP.Seq
	}
	k.judge.see(f)
}
