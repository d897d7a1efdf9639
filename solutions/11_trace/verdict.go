package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"wirelab/exercises/port"
)

// Verdicts returns what a capture proves about the ports that scanner sent SYNs
// to, sorted by port. A port that nothing in the capture answers for is
// FILTERED. SYNs to more than one host are an error. What precedes a fault of
// the file comes beside its error.
func Verdicts(r io.Reader, scanner netip.Addr) ([]port.Result, error) {
	if !scanner.IsValid() {
		return nil, errors.New("trace: the scanner has no address")
	}
	s := scan{scanner: scanner.Unmap().WithZone(""), ports: map[uint16]*asked{}}
	err := frames(r, s.see)
	return s.results(), errors.Join(err, s.err)
}

// scan is what is known of a scan so far.
type scan struct {
	scanner, target netip.Addr
	ports           map[uint16]*asked
	err             error
}

// asked is a port that was asked, and its verdict so far.
type asked struct {
	syns   []Segment
	result port.Result
	done   bool
}

// see takes the next frame into account.
func (s *scan) see(f frame) {
	p, ok := f.packet()
	if !ok {
		return
	}
	if u, ok := p.unreachable(); ok && p.dst == s.scanner {
		s.refused(f, u)
		return
	}
	seg, ok := p.segment()
	if !ok {
		return
	}
	seg.Time = f.time
	switch {
	case seg.Src.Addr() == s.scanner && seg.SYN && !seg.ACK && !seg.RST:
		s.ask(seg)
	case seg.Dst.Addr() == s.scanner && seg.Src.Addr() == s.target && seg.ACK:
		s.answer(seg)
	}
}

// ask takes note of a SYN.
func (s *scan) ask(syn Segment) {
	host := syn.Dst.Addr()
	if s.target.IsValid() && host != s.target {
		s.err = fmt.Errorf("trace: %v sent SYNs to %v and to %v: one host at a time", s.scanner, s.target, host)
		return
	}
	s.target = host
	n := syn.Dst.Port()
	if s.ports[n] == nil {
		s.ports[n] = &asked{result: port.Result{Port: n, State: port.Filtered, Reason: port.NoResponse}}
	}
	s.ports[n].syns = append(s.ports[n].syns, syn)
}

// answer decides by a segment of the target's, if it answers a SYN: it
// acknowledges just that, between the same ports.
func (s *scan) answer(a Segment) {
	state, reason := port.Open, port.SYNACK
	switch {
	case a.RST:
		state, reason = port.Closed, port.Reset
	case !a.SYN:
		return
	}
	s.decide(a.Src.Port(), a, state, reason, func(syn Segment) bool {
		return syn.Src == a.Dst && (a.Ack == syn.Seq+1 || a.Ack == syn.Seq+1+uint32(syn.Payload))
	})
}

// refused decides by an ICMP error that quotes a SYN. Who sent it does not
// matter: a router may.
func (s *scan) refused(f frame, u unreachable) {
	if u.quoted.Dst.Addr() != s.target {
		return
	}
	s.decide(u.quoted.Dst.Port(), Segment{Time: f.time}, port.Filtered, u.reason, func(syn Segment) bool {
		return syn.Src == u.quoted.Src && syn.Seq == u.quoted.Seq
	})
}

// decide settles a port by the answer, if that answers one of its SYNs and is
// the first that does.
func (s *scan) decide(n uint16, answer Segment, state port.State, reason port.Reason, answers func(syn Segment) bool) {
	p := s.ports[n]
	if p == nil || p.done {
		return
	}
	for _, syn := range slices.Backward(p.syns) { // the latest first
		if answers(syn) {
			p.done = true
			p.result.State, p.result.Reason, p.result.RTT = state, reason, answer.Time.Sub(syn.Time)
			return
		}
	}
}

func (s *scan) results() []port.Result {
	var all []port.Result
	for _, p := range s.ports {
		all = append(all, p.result)
	}
	slices.SortFunc(all, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return all
}
