package checks

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"wirelab/exercises/port"
	"wirelab/labenv/wire/capfile"
)

// scanStory makes the capture of a scan: one scanner, one target, and a verdict
// for each port.
type scanStory struct {
	*recorder
	six             bool
	scanner, target netip.Addr
	asked           map[uint16]bool
	want            map[uint16]port.Result
	what            map[uint16]string // what is special about a port
}

func newScanStory(r *rand.Rand, six bool) *scanStory {
	m := newRecorder(r)
	return &scanStory{
		recorder: m, six: six, scanner: m.addr(six), target: m.addr(six),
		asked: map[uint16]bool{}, want: map[uint16]port.Result{}, what: map[uint16]string{},
	}
}

// try is a SYN that was sent.
type try struct {
	from, to netip.AddrPort
	seq      uint32
	at       time.Time
}

// syn has the scanner ask a port that was not asked before. Without an answer
// it is FILTERED.
func (s *scanStory) syn(what string) try { return s.synTo(s.fresh(what)) }

// fresh draws a port that nothing was said of. It is FILTERED so far.
func (s *scanStory) fresh(what string) uint16 {
	n := uint16(1 + s.r.IntN(65535))
	for s.asked[n] {
		n = uint16(1 + s.r.IntN(65535))
	}
	s.asked[n] = true
	s.what[n] = what
	s.want[n] = port.Result{Port: n, State: port.Filtered, Reason: port.NoResponse}
	return n
}

// synTo has the scanner ask a port from a new port of its own.
func (s *scanStory) synTo(n uint16) try { return s.again(s.prepare(n)) }

// prepare makes a SYN, and does not send it.
func (s *scanStory) prepare(n uint16) try {
	return try{from: netip.AddrPortFrom(s.scanner, uint16(32768+s.r.IntN(28000))), to: netip.AddrPortFrom(s.target, n), seq: s.r.Uint32()}
}

// again has the scanner send the same SYN once more, or for the first time.
func (s *scanStory) again(t try) try {
	s.segment("a SYN of the scanner's", capfile.Segment{Src: t.from, Dst: t.to, Seq: t.seq, Flags: capfile.SYN, Options: []byte{2, 4, 5, 0xb4}})
	t.at = s.now
	return t
}

// segment adds a segment.
func (s *scanStory) segment(what string, seg capfile.Segment) {
	h := capfile.Header{Src: seg.Src.Addr(), Dst: seg.Dst.Addr(), TTL: 64, Protocol: capfile.TCP}
	s.take(what, capfile.Framed(capfile.Ethernet, h.Packet(seg.Bytes()), false), truth(seg, h.TTL))
}

// reply adds a segment back from where the SYN went.
func (s *scanStory) reply(t try, flags uint8, ack uint32) {
	s.segment("an answer", capfile.Segment{Src: t.to, Dst: t.from, Flags: flags, Seq: s.r.Uint32(), Ack: ack})
}

// open, closed and refused answer a SYN, and say that this decides.
func (s *scanStory) open(t try) {
	s.reply(t, capfile.SYN|capfile.ACK, t.seq+1)
	s.is(t, port.Open, port.SYNACK)
}

func (s *scanStory) closed(t try) {
	s.reply(t, capfile.RST|capfile.ACK, t.seq+1)
	s.is(t, port.Closed, port.Reset)
}

func (s *scanStory) is(t try, state port.State, reason port.Reason) {
	s.want[t.to.Port()] = port.Result{Port: t.to.Port(), State: state, Reason: reason, RTT: s.now.Sub(t.at)}
}

// quoted is the packet with the SYN, as a router sees it.
func (t try) quoted(edit func(*capfile.Header, *capfile.Segment)) []byte {
	seg := capfile.Segment{Src: t.from, Dst: t.to, Seq: t.seq, Flags: capfile.SYN, Options: []byte{2, 4, 5, 0xb4}}
	h := capfile.Header{Src: t.from.Addr(), Dst: t.to.Addr(), TTL: 1, Protocol: capfile.TCP}
	edit(&h, &seg)
	return h.Packet(seg.Bytes())
}

// asIs edits nothing.
func asIs(*capfile.Header, *capfile.Segment) {}

// icmp adds an ICMP error of from's to to.
func (s *scanStory) icmp(from, to netip.Addr, typ, code uint8, quoted []byte) {
	h := capfile.Header{Src: from, Dst: to, TTL: 64, Protocol: capfile.ICMP}
	if s.six {
		h.Protocol = capfile.ICMPv6
	}
	s.take("an ICMP error", capfile.Framed(capfile.Ethernet, h.Packet(capfile.Unreach(from, to, typ, code, quoted)), false), nil)
}

// unreachable is the type, and the code for "administratively prohibited".
func (s *scanStory) unreachable() (typ, prohibited uint8) {
	if s.six {
		return 1, 1
	}
	return 3, 13
}

// chat is what follows where somebody accepted: none of it decides anything.
func (s *scanStory) chat(t try) {
	const ours, theirs = 1000, 2000
	for _, seg := range []capfile.Segment{
		{Src: t.from, Dst: t.to, Flags: capfile.ACK, Seq: t.seq + 1, Ack: theirs},
		{Src: t.to, Dst: t.from, Flags: capfile.ACK | capfile.PSH, Seq: theirs, Ack: t.seq + 1, Payload: []byte("hello")},
		{Src: t.from, Dst: t.to, Flags: capfile.ACK | capfile.FIN, Seq: t.seq + 1, Ack: theirs + 5},
		{Src: t.to, Dst: t.from, Flags: capfile.RST, Seq: theirs + 5},
		{Src: t.to, Dst: t.from, Flags: capfile.RST | capfile.ACK, Seq: theirs + 5, Ack: t.seq + 1},
		{Src: t.from, Dst: t.to, Flags: capfile.RST, Seq: t.seq + ours},
	} {
		s.segment("what followed", seg)
	}
}

// results are the truth, by rising port.
func (s *scanStory) results() []port.Result {
	var all []port.Result
	for _, r := range s.want {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return all
}

// says describes the scan for a report.
func (s *scanStory) says() string {
	return fmt.Sprintf("the capture of a scan of %v by %v", s.target, s.scanner)
}
