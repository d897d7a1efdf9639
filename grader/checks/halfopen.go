package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// halfopenChecks are the checks of 14_halfopen.
var halfopenChecks = []check.Spec{
	{ID: "syn-ack-is-open", Evidence: check.Verdicts, Run: halfopenSYNACKIsOpen},
	{ID: "rst-is-closed", Evidence: check.Verdicts, Run: halfopenRSTIsClosed},
	{ID: "silent-is-filtered", Evidence: check.Verdicts, Waits: 2 * unanswered, Run: halfopenSilentIsFiltered},
	{ID: "icmp-says-why", Evidence: check.Verdicts, Run: halfopenICMPSaysWhy},
	{ID: "completes-no-handshake", Evidence: check.Verdicts, Run: halfopenCompletesNoHandshake},
	{ID: "lost-syns-are-sent-again", Evidence: check.Verdicts, Waits: 3 * unanswered, Run: halfopenLostSYNsAreSentAgain},
	{ID: "asks-no-more-than-allowed", Evidence: check.Verdicts, Waits: 4 * unanswered, Run: halfopenAsksNoMoreThanAllowed},
	{ID: "forged-answers-change-nothing", Evidence: check.Verdicts, Waits: 2 * mixed, Run: halfopenForgedAnswersChangeNothing},
	{ID: "keeps-the-rate", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: halfopenKeepsTheRate},
	{ID: "a-thousand-ports-in-one-sweep", Evidence: check.Verdicts, Waits: 3 * mixed, Run: halfopenAThousandPortsInOneSweep},
	{ID: "sorted-each-once", Evidence: check.Verdicts, Waits: unanswered, Run: halfopenSortedEachOnce},
	{ID: "ipv6-is-no-different", Evidence: check.Verdicts, Waits: 2 * mixed, Run: halfopenIPv6IsNoDifferent},
	{ID: "source-and-interface-are-heeded", Evidence: check.Verdicts, Run: halfopenSourceAndInterfaceAreHeeded},
	{ID: "cancelled-keeps-what-is-known", Evidence: check.Verdicts, Waits: time.Second / 2, Run: halfopenCancelledKeepsWhatIsKnown},
	{ID: "bad-arguments-are-errors", Evidence: check.Verdicts, Run: halfopenBadArgumentsAreErrors},
	{ID: "leaves-nothing-open", Evidence: check.Verdicts, Waits: 2 * unanswered, Run: halfopenLeavesNothingOpen},
	{ID: "stays-in-scope", Evidence: check.Verdicts, Waits: unanswered, Run: halfopenStaysInScope},
}

// rawOptions mirrors halfopen.Options: the driver decodes it by field names.
type rawOptions struct {
	Interface     string
	Source        netip.Addr
	Timeout       time.Duration
	Retries, Rate int
}

// String leaves out what is not set.
func (o rawOptions) String() string {
	s := fmt.Sprintf("timeout %v, %d retries", o.Timeout, o.Retries)
	if o.Rate != 0 {
		s += fmt.Sprintf(", rate %d", o.Rate)
	}
	if o.Interface != "" {
		s += fmt.Sprintf(", interface %q", o.Interface)
	}
	if o.Source.IsValid() {
		s += fmt.Sprintf(", source %v", o.Source)
	}
	return s
}

// seatInterface is the name that every lab gives the seat's one interface.
const seatInterface = "eth0"

// sweep makes one call of Scan. The results are decoded even beside an error.
func sweep(ctx context.Context, t *check.T, b *check.Bench, host netip.Addr, ports []uint16, o rawOptions) scanned {
	s := scanned{byPort: map[uint16]port.Result{}, says: fmt.Sprintf("Scan(%v, %s, %s)", host, counted(len(ports), "port"), o)}
	s.reply = b.Call(check.Call{Context: ctx, Method: "Scan", Args: []any{host, ports, o}, Says: s.says})
	if err := s.reply.Decode(0, &s.results); err != nil {
		t.Broken(err)
	}
	for _, r := range slices.Backward(s.results) {
		s.byPort[r.Port] = r
	}
	return s
}

// requireEach is requireAll for a scanner that may ask a port several times. It
// holds no verdict against the wire.
func (s scanned) requireEach(t *check.T, b *check.Bench, ports []plan.Port) *check.Trace {
	tr := b.Trace()
	for _, p := range ports {
		tr.Tries(p)
	}
	if s.reply.Err != nil {
		t.Failf("%s returned the error %q, though every port has a verdict", s.says, s.reply.Err.Text)
	}
	for _, p := range ports {
		if _, ok := s.of(p.Number); !ok {
			f := tr.Tries(p)
			f.Show()
			t.Explain(fmt.Sprintf("%s has no result for port %d", s.says, p.Number), f.ByWire().String(), "")
			t.Failf("port %d was asked for and has no result", p.Number)
		}
	}
	if len(s.results) != len(ports) {
		t.Failf("%s returned %s, not %d", s.says, counted(len(s.results), "result"), len(ports))
	}
	for _, p := range ports {
		if !tr.Tries(p).Asked() {
			t.Failf("port %d was never asked: no SYN went there", p.Number)
		}
	}
	return tr
}

// requireSeen is requireEach, and holds each verdict against the wire.
func (s scanned) requireSeen(t *check.T, b *check.Bench, ports []plan.Port) *check.Trace {
	tr := s.requireEach(t, b, ports)
	for _, p := range ports {
		s.requireSaw(tr.Tries(p), p)
	}
	return tr
}

// requireSaw holds one verdict against the wire: this scanner reads packets, and
// can know exactly what was there.
func (s scanned) requireSaw(f check.Finding, p plan.Port) {
	got, _ := s.of(p.Number)
	said := fmt.Sprintf("%s returned %s (%s) for port %d", s.says, orNothing(string(got.State)), orNothing(string(got.Reason)), p.Number)
	f.Require(check.Verdict{Said: said, Got: got, Want: f.ByWire()})
}

// requireTimed fails the check unless the round trip of a port that answered is
// above 0 and within the call, and that of a silent one 0.
func (s scanned) requireTimed(t *check.T, ports ...plan.Port) {
	for _, p := range ports {
		got, _ := s.of(p.Number)
		switch {
		case got.Reason == port.NoResponse && got.RTT != 0:
			t.Failf("port %d never answered, and has a round trip of %v: it is 0 where nothing came back", p.Number, got.RTT)
		case got.Reason != port.NoResponse && (got.RTT <= 0 || got.RTT > s.reply.Took):
			t.Failf("port %d answered, and has a round trip of %v in a call that took %v", p.Number, got.RTT, s.reply.Took)
		}
	}
}

// halfopenSYNACKIsOpen: RFC 9293, 3.5, figure 6, as far as its second line.
func halfopenSYNACKIsOpen(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(4, plan.Echo), d.Ports(2, plan.Greeting), d.Ports(2, plan.Silent), d.Ports(2, plan.AcceptReset))
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: answered})
	s.requireSeen(t, b, ports)
	s.requireTimed(t, ports...)
}

// halfopenRSTIsClosed: RFC 9293, 3.5.2, group 1.
func halfopenRSTIsClosed(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(5, plan.Closed), d.Ports(5, plan.Reset))
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: answered})
	s.requireSeen(t, b, ports)
	s.requireTimed(t, ports...)
}

// halfopenSilentIsFiltered: the bound from below is strict. An answer to the
// last try may come until its timeout is over, and the tries follow one another.
func halfopenSilentIsFiltered(t *check.T) {
	const retries = 1
	d := t.Draft()
	ports := d.Ports(4, plan.Drop)
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: unanswered, Retries: retries})
	s.requireSeen(t, b, ports)
	s.requireTimed(t, ports...)
	if least := (1 + retries) * unanswered; s.reply.Took < least {
		t.Failf("%s gave up after %v: two tries of %v each were to be waited for", s.says, s.reply.Took.Round(time.Millisecond), unanswered)
	}
	if limit := 5 * (1 + retries) * unanswered; !within(s.reply.Took, limit, s.reply) {
		t.Failf("%s took %v; silent ports are waited for together, and %v is more than enough", s.says, s.reply.Took.Round(time.Millisecond), limit)
	}
}

// halfopenICMPSaysWhy: RFC 792 and RFC 1812, 5.2.7.1. Who waits for more after
// an error needs several seconds here.
func halfopenICMPSaysWhy(t *check.T) {
	d := t.Draft()
	var ports []plan.Port
	for _, code := range []uint8{0, 1, 2, 3, 9, 10, 13} {
		ports = append(ports, d.Port(plan.ICMP, plan.WithCode(code)))
	}
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: answered})
	s.requireSeen(t, b, ports)
	if !within(s.reply.Took, answered/2, s.reply) {
		t.Failf("%s took %v, though every port was answered at once: an ICMP error decides, and nothing more will come", s.says, s.reply.Took.Round(time.Millisecond))
	}
}

// halfopenCompletesNoHandshake: RFC 9293, 3.5: without the ACK of its third line
// nothing is established. Some ports speak first, and tempt to an answer.
func halfopenCompletesNoHandshake(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(8, plan.Echo), d.Ports(8, plan.Greeting), d.Ports(4, plan.HTTP), d.Ports(4, plan.AcceptClose), d.Ports(4, plan.Closed))
	b := t.Bench(d.Plan())
	tr := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: answered, Retries: 1}).requireEach(t, b, ports)
	for _, c := range tr.Target.Conversations() {
		if f := c.PastSYN(); f != nil {
			tr.ShowFrame(c, *f)
			t.Failf("port %d was sent more than a question: %s (frame %d)", c.Host.Port(), f.Summary(), f.Number)
		}
	}
}

// halfopenLostSYNsAreSentAgain: each port loses up to as many SYNs as there are
// retries, so that the last of them may be what brings the answer.
func halfopenLostSYNsAreSentAgain(t *check.T) {
	const retries = 3
	d := t.Draft()
	var ports []plan.Port
	for lost := range retries + 1 {
		ports = append(ports, d.Port(plan.Echo, plan.WithLoseFirst(lost)), d.Port(plan.Closed, plan.WithLoseFirst(lost)))
	}
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: unanswered, Retries: retries})
	tr := s.requireEach(t, b, ports)
	for _, p := range ports {
		f := tr.Tries(p)
		if f.Reason == port.NoResponse && f.SYNs() <= p.LoseFirst {
			f.ShowBeginnings()
			t.Failf("port %d lost its first %s and was sent %d in all: with %d retries there was one more to send", p.Number, counted(p.LoseFirst, "SYN"), f.SYNs(), retries)
		}
	}
	s.requireSeen(t, b, ports)
}

// halfopenAsksNoMoreThanAllowed: SYNs are counted on the wire, whatever source
// port or sequence number they have.
func halfopenAsksNoMoreThanAllowed(t *check.T) {
	for _, retries := range []int{0, 2} {
		d := t.Draft()
		silent, answering := d.Ports(4, plan.Drop), slices.Concat(d.Ports(4, plan.Echo), d.Ports(4, plan.Closed))
		b := t.Bench(d.Plan())
		ports := slices.Concat(silent, answering)
		s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: mixed, Retries: retries})
		tr := s.requireEach(t, b, ports)
		for _, p := range silent {
			if f := tr.Tries(p); f.SYNs() != 1+retries {
				f.Show()
				t.Failf("%s sent port %d, which is silent, %s: one, and one for each retry", s.says, p.Number, counted(f.SYNs(), "SYN"))
			}
		}
		for _, p := range answering {
			if f := tr.Tries(p); f.SYNs() != 1 && !answeredLate(f, mixed/2) && turns*s.reply.Late < mixed/2 {
				f.Show()
				t.Failf("%s sent port %d, which answers, %s: after an answer there is nothing left to ask", s.says, p.Number, counted(f.SYNs(), "SYN"))
			}
		}
	}
}

// answeredLate tells whether a port's first answer took longer than limit, so
// that another try may have been due.
func answeredLate(f check.Finding, limit time.Duration) bool {
	for _, c := range f.Conversations {
		if _, _, deciding := c.Verdict(); deciding != nil {
			return deciding.Time.Sub(f.Conversations[0].Start()) > limit
		}
	}
	return true
}

// halfopenForgedAnswersChangeNothing: RFC 9293, 3.10.7.3: in SYN-SENT only what
// acknowledges the SYN counts; RFC 5927, 4.1: an ICMP error has to quote a
// sequence number that is in flight. Ports that answer are there as well: who
// takes nothing for an answer is no safer, only blind.
func halfopenForgedAnswersChangeNothing(t *check.T) {
	d := t.Draft()
	forged := d.Ports(6, plan.Forge)
	ports := slices.Concat(forged, d.Ports(2, plan.Echo), d.Ports(2, plan.Closed))
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := t.Bench(d.Plan())
	for _, host := range []netip.Addr{b.Host(), b.Host6()} {
		s := sweep(t.Context(), t, b, host, numbers(ports), rawOptions{Timeout: mixed, Retries: 1})
		tr := b.Trace()
		for _, p := range forged {
			requireForgeries(t, tr, p)
		}
		s.requireSeen(t, b, ports)
	}
}

// requireForgeries ends the check in error where a port that was asked sent no
// forgery: whoever was not lied to has resisted nothing.
func requireForgeries(t *check.T, tr *check.Trace, p plan.Port) {
	if !tr.Tries(p).Asked() {
		return
	}
	for i := range tr.Target.Frames {
		f := &tr.Target.Frames[i]
		if f.Sent && f.TCP != nil && f.Src.Port() == p.Number {
			return
		}
	}
	t.Broken(fmt.Errorf("port %s was asked and forged nothing: this run proves nothing", p))
}

// halfopenKeepsTheRate: the bounds on how much are generous, for no timer is
// exact. Second and third tries fall into the time of the first.
func halfopenKeepsTheRate(t *check.T) {
	const (
		rate    = 100
		retries = 2
		timeout = 150 * time.Millisecond
		window  = time.Second / 2
	)
	d := t.Draft()
	ports := slices.Concat(d.Ports(50, plan.Drop), d.Ports(30, plan.Closed))
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	t.Patience(12 * time.Second) // less than half the rate is slow, and no hang
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: timeout, Retries: retries, Rate: rate})
	tr := s.requireEach(t, b, ports)
	syns := tr.Target.Questions()
	span := syns[len(syns)-1].Time.Sub(syns[0].Time)
	if least := time.Duration(len(syns)-1) * time.Second / rate * 8 / 10; span < least {
		t.Failf("%s sent %d SYNs in %v; %d a second were allowed, those of all tries counted", s.says, len(syns), span.Round(time.Millisecond), rate)
	}
	allowed := int(window.Seconds()*rate*1.4) + 10 + int(turns*s.reply.Late.Seconds()*rate)
	if n, at := most(syns, window); n > allowed {
		t.Failf("%s sent %d SYNs within %v (from frame %d on); %d a second were allowed, those of all tries counted", s.says, n, window, at.Number, rate)
	}
	if limit := 4*time.Duration(len(syns))*time.Second/rate + 4*(1+retries)*timeout; !within(s.reply.Took, limit, s.reply) {
		t.Failf("%s took %v for %d SYNs: %d a second were allowed, and that is far below", s.says, s.reply.Took.Round(time.Millisecond), len(syns), rate)
	}
}

// most returns the greatest number of frames within a window, and the first of
// them.
func most(frames []wire.Frame, window time.Duration) (n int, first wire.Frame) {
	from := 0
	for to := range frames {
		for frames[to].Time.Sub(frames[from].Time) > window {
			from++
		}
		if to-from+1 > n {
			n, first = to-from+1, frames[from]
		}
	}
	return n, first
}

// halfopenAThousandPortsInOneSweep: a scanner that asks one port after the other
// needs minutes; one that does not read while it sends loses answers.
func halfopenAThousandPortsInOneSweep(t *check.T) {
	const retries = 2
	d := t.Draft()
	ports := slices.Concat(d.Ports(40, plan.Echo), d.Ports(100, plan.Drop), d.Ports(20, plan.ICMP, plan.WithCode(13)), d.Ports(840, plan.Closed))
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := scanBench(t, d.Plan(), mixed)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	t.Cleanup(cancel)
	s := sweep(ctx, t, b, b.Host(), numbers(ports), rawOptions{Timeout: mixed, Retries: retries})
	tr := b.Trace()
	for _, p := range ports {
		tr.Tries(p)
	}
	if limit := 3 * (1 + retries) * mixed; !within(s.reply.Took, limit, s.reply) {
		t.Failf("%s took %v; all ports are waited for together, and %v is allowed", s.says, s.reply.Took.Round(time.Millisecond), limit)
	}
	s.requireSeen(t, b, ports)
}

// halfopenSortedEachOnce: as for 07.
func halfopenSortedEachOnce(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(12, plan.Echo), d.Ports(12, plan.Closed), d.Ports(2, plan.Drop))
	list := append(numbers(ports), numbers(ports[5:20])...)
	d.Rand().Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	b := t.Bench(d.Plan())
	s := sweep(t.Context(), t, b, b.Host(), list, rawOptions{Timeout: unanswered})
	tr := b.Trace()
	for _, p := range ports {
		tr.Tries(p)
	}
	for i := 1; i < len(s.results); i++ {
		switch before, after := s.results[i-1].Port, s.results[i].Port; {
		case before == after:
			t.Failf("port %d is in the results more than once; it was listed twice, and has one verdict", after)
		case before > after:
			t.Failf("the results are not sorted: port %d comes before port %d", before, after)
		}
	}
	s.requireEach(t, b, ports)
	none := sweep(t.Context(), t, b, b.Host(), []uint16{}, rawOptions{Timeout: unanswered})
	if none.reply.Err != nil || len(none.results) > 0 {
		t.Failf("%s returned %s and the error %v; no ports are no work and no error", none.says, counted(len(none.results), "result"), none.reply.Err)
	}
}

// halfopenIPv6IsNoDifferent: RFC 8200, 8.1, for the checksum; RFC 4443, 3.1, for
// the errors. An IPv4 address in IPv6's clothes is an IPv4 address (RFC 4291,
// 2.5.5.2).
func halfopenIPv6IsNoDifferent(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(4, plan.Echo), d.Ports(4, plan.Closed), d.Ports(2, plan.Drop))
	for _, code := range []uint8{0, 1, 2, 3, 13} {
		ports = append(ports, d.Port(plan.ICMP, plan.WithCode(code)))
	}
	mapped := slices.Concat(d.Ports(2, plan.Echo), d.Ports(2, plan.Closed))
	b := t.Bench(d.Plan())
	sweep(t.Context(), t, b, b.Host6(), numbers(ports), rawOptions{Timeout: mixed, Retries: 1}).requireSeen(t, b, ports)
	sweep(t.Context(), t, b, netip.AddrFrom16(b.Host().As16()), numbers(mapped), rawOptions{Timeout: answered}).requireSeen(t, b, mapped)
}

// halfopenSourceAndInterfaceAreHeeded: what is asked for is used; what cannot be
// used is an error, and not one packet.
func halfopenSourceAndInterfaceAreHeeded(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(3, plan.Echo), d.Ports(3, plan.Closed))
	b := t.Bench(d.Plan())
	for _, o := range []rawOptions{
		{Source: b.Host6()}, // of the other family
		{Source: b.Host()},  // the target's own
		{Interface: "none0"},
	} {
		o.Timeout = unanswered
		s := sweep(t.Context(), t, b, b.Host(), numbers(ports), o)
		if s.reply.Err == nil {
			t.Failf("%s returned no error: nobody can ask that way", s.says)
		}
		requireNothingReceived(t, b, s)
	}
	for _, o := range []rawOptions{
		{Source: b.Seat(), Interface: seatInterface}, {Source: b.Seat()}, {Interface: seatInterface},
	} {
		o.Timeout = answered
		s := sweep(t.Context(), t, b, b.Host(), numbers(ports), o)
		tr := s.requireSeen(t, b, ports)
		for _, f := range tr.Target.Questions() {
			if f.Src.Addr() != b.Seat() {
				t.Failf("%s sent a SYN from %v (frame %d)", s.says, f.Src.Addr(), f.Number)
			}
		}
	}
}

// requireNothingReceived fails the check if the target was sent anything.
func requireNothingReceived(t *check.T, b *check.Bench, s scanned) {
	if got := b.Trace().Target.Received(); len(got) > 0 {
		t.Failf("%s sent a packet all the same: %s to %v (frame %d)", s.says, got[0].Summary(), got[0].Dst, got[0].Number)
	}
}

// halfopenCancelledKeepsWhatIsKnown: package context. The wire tells what was
// known well before the end.
func halfopenCancelledKeepsWhatIsKnown(t *check.T) {
	requireKeepsWhatIsKnown(t, cancellable{
		scan: func(ctx context.Context, b *check.Bench, ports []plan.Port) scanned {
			return sweep(ctx, t, b, b.Host(), numbers(ports), rawOptions{Timeout: longTimeout, Retries: 1})
		},
		find:    (*check.Trace).Tries,
		require: func(s scanned, f check.Finding, p plan.Port) { s.requireSaw(f, p) },
	})
}

// halfopenBadArgumentsAreErrors: a question that cannot be asked has no verdict.
func halfopenBadArgumentsAreErrors(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(2, plan.Echo), d.Ports(2, plan.Closed))
	b := t.Bench(d.Plan())
	good := rawOptions{Timeout: unanswered}
	with := func(change func(*rawOptions)) rawOptions { o := good; change(&o); return o }
	for _, c := range []struct {
		host  netip.Addr
		ports []uint16
		o     rawOptions
		why   string
	}{
		{netip.Addr{}, numbers(ports), good, "there is no host"},
		{b.Host(), append(numbers(ports), 0), good, "nobody can ask port 0"},
		{b.Host(), numbers(ports), rawOptions{}, "a timeout of 0 leaves no time for an answer"},
		{b.Host(), numbers(ports), with(func(o *rawOptions) { o.Timeout = -time.Second }), "a timeout below 0 makes no sense"},
		{b.Host(), numbers(ports), with(func(o *rawOptions) { o.Retries = -1 }), "retries below 0 make no sense"},
		{b.Host(), numbers(ports), with(func(o *rawOptions) { o.Rate = -1 }), "a rate below 0 makes no sense"},
	} {
		s := sweep(t.Context(), t, b, c.host, c.ports, c.o)
		if s.reply.Err == nil {
			t.Failf("%s returned no error: %s", s.says, c.why)
		}
		requireNothingReceived(t, b, s)
	}
	// Who calls everything an error has refused nothing.
	sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: answered}).requireEach(t, b, ports)
}

// halfopenLeavesNothingOpen: after whole scans and cancelled ones.
func halfopenLeavesNothingOpen(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(30, plan.Echo), d.Ports(30, plan.Closed), d.Ports(4, plan.Drop))
	b := t.Bench(d.Plan())
	o := rawOptions{Timeout: unanswered}
	sweep(t.Context(), t, b, b.Host(), numbers(ports[:10]), o)
	descriptors, goroutines := len(b.Descriptors()), b.Goroutines()
	for range 3 {
		sweep(t.Context(), t, b, b.Host(), numbers(ports), o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), promptly)
	t.Cleanup(cancel)
	sweep(ctx, t, b, b.Host(), numbers(ports), o)
	sweep(t.Context(), t, b, b.Host(), numbers(ports), rawOptions{Timeout: unanswered, Interface: "none0"})
	tr := b.Trace()
	for _, p := range ports {
		tr.Tries(p)
	}
	for _, p := range ports {
		if !tr.Tries(p).Asked() {
			t.Failf("port %d was never asked: no SYN went there", p.Number)
		}
	}
	requireTidy(t, b, descriptors, goroutines)
}

// halfopenStaysInScope: not a packet to any port but those asked for. That
// nothing goes to the neighbour is part of every check.
func halfopenStaysInScope(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(8, plan.Echo), d.Ports(8, plan.Closed), d.Ports(2, plan.Drop), d.Ports(2, plan.ICMP, plan.WithCode(1)))
	d.Neighbour(plan.Echo)
	b := t.Bench(d.Plan())
	for _, host := range []netip.Addr{b.Host(), b.Host6()} {
		tr := sweep(t.Context(), t, b, host, numbers(ports), rawOptions{Timeout: unanswered, Retries: 1}).requireEach(t, b, ports)
		requireNoStrays(t, tr, ports...)
	}
}
