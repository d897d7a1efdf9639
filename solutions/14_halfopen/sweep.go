package halfopen

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"wirelab/exercises/port"
)

const (
	// burst is how many SYNs go out before their answers are taken in: fewer
	// answers than the least queue of a socket holds.
	burst = 64
	// grace is how long a burst's answers are waited for before the next goes
	// out. Silent ports never answer, and must not hold up the others.
	grace = 2 * time.Millisecond
	// catchUp is how much of the time that a late timer cost is made up for,
	// where there is a rate to keep.
	catchUp = 10 * time.Millisecond
)

// A probe is one port and what is known of it.
type probe struct {
	result port.Result // decided once State is set
	seq    uint32      // of its SYNs, the same in every try
	tries  int         // SYNs sent so far
	sent   time.Time   // the latest of them
}

func (p *probe) decided() bool { return p.result.State != "" }

// A sweep is one scan under way. The goroutine that runs it owns every field;
// those that read the sockets share nothing with it but the wire's channels.
type sweep struct {
	wire *wire
	opt  Options

	probes []probe // by rising port
	byPort map[uint16]*probe
	open   int // how many are undecided

	fresh   []*probe // never asked
	waiting []*probe // asked, in the order of their latest SYNs, and so of their deadlines

	next      time.Time // when the rate allows the next SYN
	unread    int       // answers that the latest burst may still bring
	burstOver time.Time // when no more of them are waited for
}

func newSweep(w *wire, ports []uint16, opt Options) *sweep {
	sorted := slices.Clone(ports)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	s := &sweep{wire: w, opt: opt, probes: make([]probe, len(sorted)), byPort: make(map[uint16]*probe, len(sorted)), open: len(sorted), next: time.Now()}
	for i, number := range sorted {
		p := &s.probes[i]
		p.result.Port = number
		p.seq = rand.Uint32() //nolint:gosec // seeded by the system: whoever does not see the SYN cannot guess it
		s.byPort[number] = p
		s.fresh = append(s.fresh, p)
	}
	return s
}

// run asks until every port is decided.
func (s *sweep) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := s.ask(); err != nil {
			return err
		}
		if s.open == 0 {
			return nil
		}
		timer.Reset(time.Until(s.wakeUp()))
		select {
		case a := <-s.wire.answers:
			s.take(a)
		case <-timer.C:
		case err := <-s.wire.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ask sends as many SYNs as may go out now: a burst at most, and none before the
// answers to the burst before are in.
func (s *sweep) ask() error {
	now := time.Now()
	s.giveUp(now)
	if s.unread > 0 && now.Before(s.burstOver) {
		return nil
	}
	s.unread = 0
	for s.unread < burst && s.allowed(now) {
		p := s.pick(now)
		if p == nil {
			return nil
		}
		p.tries++
		p.sent = time.Now()
		if err := s.wire.sendSYN(p.result.Port, p.seq); err != nil {
			return err
		}
		s.waiting = append(s.waiting, p)
		s.unread++
		s.burstOver = p.sent.Add(grace)
		s.spend(now)
	}
	return nil
}

// giveUp drops decided ports from the front of those that wait, and decides
// those that were silent for the last time.
func (s *sweep) giveUp(now time.Time) {
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		switch {
		case p.decided():
		case now.Sub(p.sent) < s.opt.Timeout:
			return
		case p.tries <= s.opt.Retries:
			return // it is due once more
		default:
			s.decide(p, port.Filtered, port.NoResponse, 0)
		}
		s.waiting = s.waiting[1:]
	}
}

// pick returns the port to ask next, nil where there is none yet. A port that is
// due once more goes before one that was never asked.
func (s *sweep) pick(now time.Time) (p *probe) {
	s.giveUp(now)
	switch {
	case len(s.waiting) > 0 && now.Sub(s.waiting[0].sent) >= s.opt.Timeout:
		p, s.waiting = s.waiting[0], s.waiting[1:]
	case len(s.fresh) > 0:
		p, s.fresh = s.fresh[0], s.fresh[1:]
	}
	return p
}

// allowed tells whether the rate allows a SYN now.
func (s *sweep) allowed(now time.Time) bool { return s.opt.Rate == 0 || !now.Before(s.next) }

// spend takes a SYN's share of the rate.
func (s *sweep) spend(now time.Time) {
	if s.opt.Rate == 0 {
		return
	}
	if owed := now.Add(-catchUp); s.next.Before(owed) {
		s.next = owed
	}
	s.next = s.next.Add(time.Second / time.Duration(s.opt.Rate))
}

// wakeUp returns when there is something to do even if no answer comes.
func (s *sweep) wakeUp() time.Time {
	at := time.Now().Add(s.opt.Timeout)
	if len(s.waiting) > 0 {
		at = s.waiting[0].sent.Add(s.opt.Timeout)
	}
	if len(s.fresh) > 0 {
		at = time.Now() // at once, unless:
	}
	if s.unread > 0 && at.Before(s.burstOver) {
		at = s.burstOver
	}
	if s.opt.Rate > 0 && at.Before(s.next) {
		at = s.next
	}
	return at
}

// take decides a port by an answer, if it is one: to a port that was asked and
// has no verdict yet, and to the very SYN that it was sent.
func (s *sweep) take(a answer) {
	p := s.byPort[a.port]
	if p == nil || p.tries == 0 || p.decided() || p.seq != a.seq {
		return
	}
	s.decide(p, a.state, a.reason, max(a.at.Sub(p.sent), 1))
	s.unread = max(s.unread-1, 0)
}

func (s *sweep) decide(p *probe, state port.State, reason port.Reason, rtt time.Duration) {
	p.result.State, p.result.Reason, p.result.RTT = state, reason, rtt
	s.open--
}

// results returns the verdicts known so far, by rising port.
func (s *sweep) results() []port.Result {
	var known []port.Result
	for i := range s.probes {
		if p := &s.probes[i]; p.decided() {
			known = append(known, p.result)
		}
	}
	return known
}
