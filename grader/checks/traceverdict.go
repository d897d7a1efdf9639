package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/wire/capfile"
	"wirelab/testdata/captures"
)

// verdicts calls Verdicts.
func (k tracer) verdicts(c capture, scanner netip.Addr) (got []port.Result, r *drive.Reply) {
	r = k.b.Call(check.Call{Method: "Verdicts", Args: []any{c.file, atOnceReader, scanner}, Says: fmt.Sprintf("Verdicts of %s, scanner %v", c.says, scanner)})
	if err := r.Decode(0, &got); err != nil {
		k.t.Broken(err)
	}
	return got, r
}

// failVerdicts keeps the capture for the report and fails the check.
func (k tracer) failVerdicts(c capture, format string, args ...any) {
	k.t.Show(c.file)
	k.t.Failf("Verdicts of %s: %s", c.says, fmt.Sprintf(format, args...))
}

// judge has Verdicts judge a scan, and holds what it says.
func (k tracer) judge(s *scanStory) { k.judgeFor(s, s.scanner) }

// judgeFor is judge with the scanner's address in other words.
func (k tracer) judgeFor(s *scanStory, scanner netip.Addr) {
	c := s.usual()
	c.says = s.says()
	got, r := k.verdicts(c, scanner)
	if r.Err != nil {
		k.failVerdicts(c, "it returned the error %q", r.Err.Text)
	}
	k.holdVerdicts(s, c, got, s.results())
}

// holdVerdicts compares verdicts with the truth.
func (k tracer) holdVerdicts(s *scanStory, c capture, got, want []port.Result) {
	if !slices.EqualFunc(got, want, func(a, b port.Result) bool { return a.Port == b.Port }) {
		k.failVerdicts(c, "the ports are %v, not %v: those that were sent SYNs, each once, by rising number", numbersOf(got), numbersOf(want))
	}
	for i, w := range want {
		g := got[i]
		switch {
		case g.State != w.State || g.Reason != w.Reason:
			k.failVerdicts(c, "port %d, %s, is %s (%s); it returned %s (%s)", w.Port, s.what[w.Port], w.State, w.Reason, g.State, g.Reason)
		case g.RTT != w.RTT && (w.State != port.Filtered || w.Reason == port.NoResponse):
			k.failVerdicts(c, "port %d, %s: the RTT is %v, not %v", w.Port, s.what[w.Port], w.RTT, g.RTT)
		}
	}
}

func numbersOf(results []port.Result) []uint16 {
	all := make([]uint16, len(results))
	for i, r := range results {
		all[i] = r.Port
	}
	return all
}

// traceAnswersDecide: RFC 9293, section 3.10.7.
func traceAnswersDecide(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	for _, six := range []bool{false, true} {
		s := newScanStory(r, six)
		var open, closed []try
		for range 4 {
			open = append(open, s.syn("which sent a SYN-ACK"))
			s.syn("of which nothing came")
			s.some(1)
			closed = append(closed, s.syn("which sent a RST"))
		}
		for _, i := range r.Perm(len(open)) {
			s.open(open[i])
			s.some(1)
			s.closed(closed[i])
			s.chat(open[i])
		}
		k.judge(s)
	}
}

// traceReasons: RFC 792 and RFC 1812, section 5.2.7.1; RFC 4443, section 3.1. A
// router may send the error as well as the target, and quotes at least eight
// bytes behind the IP header.
func traceReasons(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	for _, six := range []bool{false, true} {
		reasons := map[uint8]port.Reason{
			0: port.NetUnreach, 1: port.HostUnreach, 2: port.ProtoUnreach, 3: port.PortUnreach,
			9: port.AdminProhibited, 10: port.AdminProhibited, 13: port.AdminProhibited,
		}
		if six {
			reasons = map[uint8]port.Reason{0: port.NetUnreach, 1: port.AdminProhibited, 3: port.HostUnreach, 4: port.PortUnreach, 5: port.AdminProhibited, 6: port.AdminProhibited}
		}
		s := newScanStory(r, six)
		typ, _ := s.unreachable()
		router := s.addr(six)
		for code, reason := range sorted(reasons) {
			for _, from := range []netip.Addr{s.target, router} {
				what := fmt.Sprintf("of which %v said %d/%d", from, typ, code)
				try := s.syn(what)
				quoted := try.quoted(asIs)
				if from == router {
					quoted = quoted[:len(quoted)-16] // eight bytes of TCP, and no more
				}
				s.icmp(from, s.scanner, typ, code, quoted)
				s.is(try, port.Filtered, reason)
			}
		}
		try := s.syn("of which a router quoted the IP options as well")
		s.icmp(router, s.scanner, typ, 1, try.quoted(func(h *capfile.Header, _ *capfile.Segment) {
			if !six {
				h.Options = []byte{1, 1, 1, 0}
			}
		}))
		s.is(try, port.Filtered, reasons[1])
		k.judge(s)
	}
}

// sorted yields the codes in order, so that a seed makes one capture.
func sorted(reasons map[uint8]port.Reason) func(yield func(uint8, port.Reason) bool) {
	return func(yield func(uint8, port.Reason) bool) {
		for code := range uint8(16) {
			if reason, ok := reasons[code]; ok && !yield(code, reason) {
				return
			}
		}
	}
}

// lure is something that answers no SYN, though it looks like it.
type lure struct {
	what string
	add  func(s *scanStory, t try)
}

// lures are for traceOnlyAnswersCount.
var lures = []lure{
	{"to which a SYN-ACK came that acknowledges something else", func(s *scanStory, t try) { s.reply(t, capfile.SYN|capfile.ACK, t.seq+2) }},
	{"to which a SYN-ACK came that acknowledges what was before the SYN", func(s *scanStory, t try) { s.reply(t, capfile.SYN|capfile.ACK, t.seq) }},
	{"to which a RST came that acknowledges something else", func(s *scanStory, t try) { s.reply(t, capfile.RST|capfile.ACK, t.seq+1000) }},
	{"to which a RST came that acknowledges nothing", func(s *scanStory, t try) { s.reply(t, capfile.RST, t.seq+1) }},
	{"to which a SYN came that acknowledges nothing", func(s *scanStory, t try) { s.reply(t, capfile.SYN, t.seq+1) }},
	{"to which an ACK came", func(s *scanStory, t try) { s.reply(t, capfile.ACK, t.seq+1) }},
	{"to which another host sent a SYN-ACK", func(s *scanStory, t try) {
		t.to = netip.AddrPortFrom(s.addr(s.six), t.to.Port())
		s.reply(t, capfile.SYN|capfile.ACK, t.seq+1)
	}},
	{"from which a SYN-ACK went to another port of the scanner's", func(s *scanStory, t try) {
		t.from = netip.AddrPortFrom(t.from.Addr(), t.from.Port()+1)
		s.reply(t, capfile.SYN|capfile.ACK, t.seq+1)
	}},
	{"from which a SYN-ACK went to another host", func(s *scanStory, t try) {
		t.from = netip.AddrPortFrom(s.addr(s.six), t.from.Port())
		s.reply(t, capfile.SYN|capfile.ACK, t.seq+1)
	}},
	{"of which an ICMP error quotes another sequence number", func(s *scanStory, t try) { s.complain(t, func(_ *capfile.Header, q *capfile.Segment) { q.Seq++ }) }},
	{"of which an ICMP error quotes another port of the scanner's", func(s *scanStory, t try) {
		s.complain(t, func(_ *capfile.Header, q *capfile.Segment) { q.Src = netip.AddrPortFrom(q.Src.Addr(), q.Src.Port()+1) })
	}},
	{"of which an ICMP error quotes UDP", func(s *scanStory, t try) {
		s.complain(t, func(h *capfile.Header, _ *capfile.Segment) { h.Protocol = capfile.UDP })
	}},
	{"of which an ICMP error quotes a packet to another host", func(s *scanStory, t try) {
		s.complain(t, func(h *capfile.Header, _ *capfile.Segment) { h.Dst = s.addr(s.six) })
	}},
	{"of which an ICMP error quotes too little", func(s *scanStory, t try) {
		typ, code := s.unreachable()
		quoted := t.quoted(asIs)
		s.icmp(s.target, s.scanner, typ, code, quoted[:len(quoted)-24+7])
	}},
	{"of which an ICMP message says that its time was exceeded", func(s *scanStory, t try) {
		typ := uint8(11)
		if s.six {
			typ = 3
		}
		s.icmp(s.target, s.scanner, typ, 0, t.quoted(asIs))
	}},
	{"of which an ICMP error was sent to another host", func(s *scanStory, t try) {
		typ, code := s.unreachable()
		s.icmp(s.target, s.addr(s.six), typ, code, t.quoted(asIs))
	}},
}

// complain adds an ICMP error that quotes something else than was sent.
func (s *scanStory) complain(t try, edit func(*capfile.Header, *capfile.Segment)) {
	typ, code := s.unreachable()
	s.icmp(s.target, s.scanner, typ, code, t.quoted(edit))
}

// traceOnlyAnswersCount: RFC 9293, section 3.10.7.3: what is unacceptable is
// ignored; RFC 5927, section 4.1, for ICMP. Each lure comes to a port that stays
// silent, and before the answer of one that is closed.
func traceOnlyAnswersCount(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	for _, six := range []bool{false, true} {
		s := newScanStory(r, six)
		for _, l := range lures {
			l.add(s, s.syn(l.what+", and then nothing"))
			closed := s.syn(l.what + ", and then a RST that answers")
			l.add(s, closed)
			s.closed(closed)
		}
		early := s.prepare(s.fresh("whose SYN-ACK came before the SYN"))
		s.reply(early, capfile.SYN|capfile.ACK, early.seq+1)
		s.again(early)
		k.judge(s)
	}
}

// traceTries: RFC 9293, section 3.8.1. A SYN that is sent again, or a second
// connection, asks the same port.
func traceTries(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	for _, six := range []bool{false, true} {
		s := newScanStory(r, six)
		repeated := s.syn("asked three times, and answered then")
		repeated = s.again(s.again(repeated))
		s.open(repeated)
		silent := s.again(s.syn("asked twice, and silent"))
		moved := s.synTo(s.syn("asked again from another port, and answered there").to.Port())
		s.closed(moved)
		for range 2 {
			s.again(silent)
			s.synTo(silent.to.Port())
		}
		twice := s.syn("which answered twice: first by a SYN-ACK, then by a RST")
		s.open(twice)
		s.reply(twice, capfile.RST|capfile.ACK, twice.seq+1)
		again := s.syn("which answered twice: first by a RST, then by a SYN-ACK")
		s.closed(again)
		again = s.again(again)
		s.reply(again, capfile.SYN|capfile.ACK, again.seq+1)
		later := s.syn("which was refused by ICMP, and then answered")
		typ, code := s.unreachable()
		s.icmp(s.target, s.scanner, typ, code, later.quoted(asIs))
		s.is(later, port.Filtered, port.AdminProhibited)
		s.reply(later, capfile.SYN|capfile.ACK, later.seq+1)
		settled := s.syn("answered, and asked once more in vain")
		s.open(settled)
		s.synTo(settled.to.Port())
		backwards := s.syn("whose answer has an earlier time than the packet before it")
		s.now = s.now.Add(-time.Millisecond)
		backwards = s.again(backwards)
		s.open(backwards)
		k.judge(s)
	}
}

// traceOneHost: whom the SYNs are for.
func traceOneHost(t *check.T) {
	k, r := newTracer(t), t.Draft().Rand()
	for _, six := range []bool{false, true} {
		s := newScanStory(r, six)
		open := s.syn("which sent a SYN-ACK")
		other := newScanStory(r, six)
		other.recorder = s.recorder
		other.open(other.syn("of another scan"))
		s.open(open)
		// The target asks back, and the scanner answers: that is no scan.
		back := try{from: open.to, to: netip.AddrPortFrom(s.scanner, 80), seq: r.Uint32()}
		s.again(back)
		s.reply(back, capfile.SYN|capfile.ACK, back.seq+1)
		// The scanner talks to somebody else, but sends no SYN.
		s.segment("a segment to another host", capfile.Segment{Src: netip.AddrPortFrom(s.scanner, 5), Dst: s.addrPort(six), Flags: capfile.ACK, Seq: r.Uint32()})
		k.judge(s)
		if !six {
			k.judgeFor(s, netip.AddrFrom16(s.scanner.As16()))
		}
		s.segment("a SYN to another host", capfile.Segment{Src: netip.AddrPortFrom(s.scanner, 5), Dst: s.addrPort(six), Flags: capfile.SYN, Seq: r.Uint32()})
		c := s.usual()
		c.says = s.says() + ", and of a SYN to another host"
		if _, r := k.verdicts(c, s.scanner); r.Err == nil {
			k.failVerdicts(c, "it returned no error, though the scanner asked two hosts: one verdict for a port would be about either")
		}
		if _, r := k.verdicts(c, netip.Addr{}); r.Err == nil {
			k.failVerdicts(c, "it returned no error for a scanner without an address")
		}
		if got, r := k.verdicts(c, s.addr(six)); r.Err != nil || len(got) > 0 {
			k.failVerdicts(c, "it returned %v and the error %v for a scanner that sent nothing", got, r.Err)
		}
	}
}

// traceRecordings: what a lab recorded, and what its plan says. See
// testdata/captures.
func traceRecordings(t *check.T) {
	k := newTracer(t)
	all, err := captures.All()
	if err != nil {
		t.Broken(err)
	}
	for _, rec := range all {
		c := capture{says: "testdata/captures/" + rec.Name, file: rec.Data}
		got, r := k.segments(c, atOnceReader)
		if r.Err != nil || len(got) != rec.Segments {
			k.fail(c, "it returned %d segments and the error %v; there are %d", len(got), r.Err, rec.Segments)
		}
		s := &scanStory{what: map[uint16]string{}}
		for _, p := range rec.Results {
			s.what[p.Port] = "of a lab"
		}
		verdicts, r := k.verdicts(c, rec.Scanner)
		if r.Err != nil {
			k.failVerdicts(c, "it returned the error %q", r.Err.Text)
		}
		for i := range verdicts {
			verdicts[i].RTT = 0 // of which the plan says nothing
		}
		k.holdVerdicts(s, c, verdicts, rec.Results)
	}
}
