package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// probeChecks are the checks of 06_probe.
var probeChecks = []check.Spec{
	{ID: "accepts-is-open", Evidence: check.Verdicts, Run: probeAcceptsIsOpen},
	{ID: "refuses-is-closed", Evidence: check.Verdicts, Run: probeRefusesIsClosed},
	{ID: "silent-is-filtered", Evidence: check.Verdicts, Waits: unanswered, Run: probeSilentIsFiltered},
	{ID: "silent-costs-one-timeout", Evidence: check.Verdicts, Waits: unanswered, Run: probeSilentCostsOneTimeout},
	{ID: "unreachable-is-filtered", Evidence: check.Verdicts, Run: probeUnreachableIsFiltered},
	{ID: "hangs-up-is-open", Evidence: check.Verdicts, Run: probeHangsUpIsOpen},
	{ID: "ipv6-is-no-different", Evidence: check.Verdicts, Waits: unanswered, Run: probeIPv6IsNoDifferent},
	{ID: "cancelled-is-an-error", Evidence: check.Verdicts, Waits: promptly, Run: probeCancelledIsAnError},
	{ID: "deadline-is-an-error", Evidence: check.Verdicts, Waits: 2 * promptly, Run: probeDeadlineIsAnError},
	{ID: "no-descriptors-is-an-error", Evidence: check.Verdicts, Run: probeNoDescriptorsIsAnError},
	{ID: "bad-arguments-are-errors", Evidence: check.Verdicts, Run: probeBadArgumentsAreErrors},
	{ID: "rtt-is-plausible", Evidence: check.Verdicts, Waits: unanswered, Run: probeRTTIsPlausible},
	{ID: "leaves-nothing-open", Evidence: check.Verdicts, Waits: 2 * unanswered / 3, Run: probeLeavesNothingOpen},
	{ID: "asks-one-port-once", Evidence: check.Verdicts, Waits: unanswered, Run: probeAsksOnePortOnce},
}

// probed is one call of Probe and what came of it.
type probed struct {
	port    plan.Port
	timeout time.Duration
	call    check.Call
	reply   *drive.Reply
	result  port.Result // the zero value beside an error
}

// ask describes a call of Probe.
func ask(ctx context.Context, p plan.Port, addr netip.AddrPort, timeout time.Duration) *probed {
	says := fmt.Sprintf("Probe(%v, timeout %v)", addr, timeout)
	return &probed{port: p, timeout: timeout, call: check.Call{Context: ctx, Method: "Probe", Args: []any{addr, timeout}, Says: says}}
}

// probe makes calls of Probe side by side.
func probe(t *check.T, b *check.Bench, asks ...*probed) {
	var calls []check.Call
	for _, a := range asks {
		calls = append(calls, a.call)
	}
	replies := b.CallAll(calls...)
	for i, a := range asks {
		a.reply = replies[i]
		if a.reply.Err != nil {
			continue
		}
		if err := a.reply.Decode(0, &a.result); err != nil {
			t.Broken(err)
		}
	}
}

// said is how the learner's answer is shown.
func (a *probed) said() string {
	if a.reply.Err != nil {
		return fmt.Sprintf("%s returned the error %q", a.call.Says, a.reply.Err.Text)
	}
	return fmt.Sprintf("%s returned %s (%s)", a.call.Says, orNothing(string(a.result.State)), orNothing(string(a.result.Reason)))
}

func orNothing(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// probePorts probes ports over IPv4 with one timeout and holds each verdict
// against the wire.
func probePorts(t *check.T, b *check.Bench, timeout time.Duration, ports ...plan.Port) ([]*probed, *check.Trace) {
	asks := make([]*probed, len(ports))
	for i, p := range ports {
		asks[i] = ask(t.Context(), p, b.Target(p), timeout)
	}
	probe(t, b, asks...)
	return asks, requireVerdicts(t, b, asks)
}

// requireVerdicts holds answers against the wire, all evidence first.
func requireVerdicts(t *check.T, b *check.Bench, asks []*probed) *check.Trace {
	tr := b.Trace()
	findings := make([]check.Finding, len(asks))
	for i, a := range asks {
		findings[i] = tr.Port(a.port)
	}
	for i, a := range asks {
		a.requireVerdict(t, findings[i])
	}
	return tr
}

func (a *probed) requireVerdict(t *check.T, f check.Finding) {
	want := f.ByConnect()
	if a.reply.Err != nil {
		f.Show()
		t.Explain(a.said(), want.String(), "")
		t.Failf("an error means that no verdict could be reached, and this port has one")
	}
	waited := fmt.Sprintf("Probe returned %v after it was called", a.reply.Took.Round(time.Millisecond))
	f.Require(check.Verdict{Said: a.said(), Got: a.result, Want: want, Waited: waited})
	require.Equal(t, a.port.Number, a.result.Port, "%s has to return the port that it was asked about", a.call.Says)
}

// probeAcceptsIsOpen: a SYN-ACK means that the port accepts (RFC 9293, 3.5).
func probeAcceptsIsOpen(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Echo), d.Port(plan.Greeting), d.Port(plan.Silent)}
	b := t.Bench(d.Plan())
	probePorts(t, b, answered, ports...)
}

// probeRefusesIsClosed: a RST to a SYN means that nothing listens (RFC 9293,
// 3.5.2), whether the kernel or a packet filter sent it.
func probeRefusesIsClosed(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Closed), d.Port(plan.Reset)}
	b := t.Bench(d.Plan())
	probePorts(t, b, answered, ports...)
}

// probeSilentIsFiltered: no answer at all (nmap(1), "filtered").
func probeSilentIsFiltered(t *check.T) {
	d := t.Draft()
	ports := d.Ports(2, plan.Drop)
	b := t.Bench(d.Plan())
	probePorts(t, b, unanswered, ports...)
}

// probeSilentCostsOneTimeout: the bound from below is strict, since a verdict
// before the timeout is a guess.
func probeSilentCostsOneTimeout(t *check.T) {
	p := t.Draft().Port(plan.Drop)
	b := t.Bench(t.Draft().Plan())
	for timeout := unanswered; ; timeout *= 2 {
		asks, _ := probePorts(t, b, timeout, p)
		a := asks[0]
		if a.reply.Took < timeout {
			t.Failf("%s gave up after %v: the answer could still have come", a.call.Says, a.reply.Took.Round(time.Millisecond))
		}
		limit := timeout * 7 / 4
		switch {
		case a.reply.Took <= limit:
			return
		case !within(a.reply.Took, limit, a.reply):
			t.Failf("%s took %v: one timeout is what a silent port may cost", a.call.Says, a.reply.Took.Round(time.Millisecond))
		case timeout >= 16*unanswered:
			t.Broken(fmt.Errorf("%s took %v on a machine whose timers are %v late: too busy to tell", a.call.Says, a.reply.Took, a.reply.Late))
		}
		// It was late, and so was the machine. A second timeout grows with the
		// first, and lateness does not: ask for longer.
	}
}

// probeUnreachableIsFiltered: every ICMP type 3 code that has an errno of its
// own (RFC 792; RFC 1812, 5.2.7.1; icmp(7)).
func probeUnreachableIsFiltered(t *check.T) {
	d := t.Draft()
	var ports []plan.Port
	for _, code := range []uint8{0, 1, 2, 3, 9, 10, 13} {
		ports = append(ports, d.Port(plan.ICMP, plan.WithCode(code)))
	}
	b := t.Bench(d.Plan())
	asks, tr := probePorts(t, b, answered, ports...)
	for _, a := range asks {
		if !within(a.reply.Took, answered/2, a.reply) {
			tr.Port(a.port).Show()
			t.Failf("%s took %v, though the ICMP error came at once", a.call.Says, a.reply.Took.Round(time.Millisecond))
		}
	}
}

// probeHangsUpIsOpen: the handshake decides, not what follows it.
func probeHangsUpIsOpen(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.AcceptClose), d.Port(plan.AcceptReset)}
	b := t.Bench(d.Plan())
	probePorts(t, b, answered, ports...)
}

// probeIPv6IsNoDifferent: RFC 4443, 3.1 for the errors; an IPv4-mapped address
// (RFC 4291, 2.5.5.2) is an IPv4 one.
func probeIPv6IsNoDifferent(t *check.T) {
	d := t.Draft()
	silent, mapped := d.Port(plan.Drop), d.Port(plan.Greeting)
	ports := []plan.Port{
		d.Port(plan.Echo), d.Port(plan.Closed),
		d.Port(plan.ICMP, plan.WithCode(1)), d.Port(plan.ICMP, plan.WithCode(13)),
	}
	b := t.Bench(d.Plan())
	asks := []*probed{
		ask(t.Context(), silent, b.Target6(silent), unanswered),
		ask(t.Context(), mapped, netip.AddrPortFrom(netip.AddrFrom16(b.Host().As16()), mapped.Number), answered),
	}
	for _, p := range ports {
		asks = append(asks, ask(t.Context(), p, b.Target6(p), answered))
	}
	probe(t, b, asks...)
	requireVerdicts(t, b, asks)
}

// probeCancelledIsAnError: a call abandons its work when its context is
// cancelled (package context). A silent port is what makes waiting visible.
func probeCancelledIsAnError(t *check.T) {
	p := t.Draft().Port(plan.Drop)
	b := t.Bench(t.Draft().Plan())
	ended, end := context.WithCancel(t.Context())
	end()
	requireGivenUp(t, b, p, context.Canceled, promptly, func(after time.Duration) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(after, cancel)
		t.Cleanup(func() { timer.Stop(); cancel() })
		return ctx
	}, ask(ended, p, b.Target(p), answered))
}

// probeDeadlineIsAnError: a deadline of the caller's is not the timeout.
func probeDeadlineIsAnError(t *check.T) {
	p := t.Draft().Port(plan.Drop)
	b := t.Bench(t.Draft().Plan())
	requireGivenUp(t, b, p, context.DeadlineExceeded, 2*promptly, func(after time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		t.Cleanup(cancel)
		return ctx
	})
}

// lateTries is how often a call that has to be prompt is made where it was a
// little late: it is forgiven for one of them.
const lateTries = 3

// aLittleLate tells whether an answer came too long after the end of its
// context, but not so long that only the program can be the cause.
func aLittleLate(a *probed) bool {
	return !within(a.reply.After, promptly, a.reply) && a.reply.After < answered/2
}

// requireGivenUp probes a silent port with a context that begin makes and that
// ends with the error want after some time, beside calls that have to end in the
// same way. An error before that is a guess, and so is one without a question.
// Where the context ended before anything was asked, the machine may have been
// busy: it asks again, and lets the call run for longer.
func requireGivenUp(t *check.T, b *check.Bench, p plan.Port, want error, after time.Duration, begin func(time.Duration) context.Context, beside ...*probed) {
	tries, late := 0, 0
	for longest := 16 * after; ; {
		ctx := begin(after)
		asks := append([]*probed{ask(ctx, p, b.Target(p), answered)}, beside...)
		probe(t, b, asks...)
		over, asked := hasEnded(ctx), b.Trace().Port(p).Asked()
		if over && !asked && after < longest {
			after *= 2
			continue
		}
		for _, a := range asks {
			requireContextError(t, a.call.Says, a.reply, want, over)
		}
		if !asked {
			t.Failf("%s asked nothing until its context ended", asks[0].call.Says)
		}
		// So may the way to the program and back have been, of which a timer
		// here knows nothing.
		if tries++; slices.ContainsFunc(asks, aLittleLate) {
			late++
		}
		if late == 1 && tries < lateTries {
			continue
		}
		for _, a := range asks {
			requirePrompt(t, a.call.Says, a.reply)
		}
		return
	}
}

// probeNoDescriptorsIsAnError: socket(2) fails with EMFILE, which says nothing
// about the port. The first call opens what Go's poller needs.
func probeNoDescriptorsIsAnError(t *check.T) {
	d := t.Draft()
	first, open := d.Port(plan.Echo), d.Port(plan.Echo)
	b := t.Bench(d.Plan())
	probe(t, b, ask(t.Context(), first, b.Target(first), answered))
	requireAsked(t, b.Trace(), first)
	b.Starve(0)
	a := ask(t.Context(), open, b.Target(open), unanswered)
	probe(t, b, a)
	if a.reply.Err == nil {
		t.Explain(a.said(), "an error", "the port was never asked: there was no descriptor left to ask it with")
		t.Failf("a verdict needs a question, and this one was not sent")
	}
}

// probeBadArgumentsAreErrors: what cannot be asked is refused at once, and
// nothing is sent. What can be asked is not refused: that comes first.
func probeBadArgumentsAreErrors(t *check.T) {
	d := t.Draft()
	good, p := d.Port(plan.Echo), d.Port(plan.Echo)
	b := t.Bench(d.Plan())
	fine := ask(t.Context(), good, b.Target(good), answered)
	probe(t, b, fine)
	asks := []*probed{
		ask(t.Context(), p, b.Target(p), 0),
		ask(t.Context(), p, b.Target(p), -time.Second),
		ask(t.Context(), p, netip.AddrPort{}, answered),
		ask(t.Context(), p, netip.AddrPortFrom(b.Host(), 0), answered),
	}
	probe(t, b, asks...)
	tr := b.Trace()
	requireAsked(t, tr, good)
	if fine.reply.Err != nil {
		t.Failf("%s, though there is nothing wrong with these arguments", fine.said())
	}
	sent := tr.Target.Strays(func(a netip.AddrPort) bool { return a == b.Target(good) })
	for _, a := range asks {
		if a.reply.Err == nil {
			t.Explain(a.said(), "an error", "")
			t.Failf("this cannot be asked, and has to be refused")
		}
		if !within(a.reply.Took, answered/2, a.reply) {
			t.Failf("%s was refused only after %v", a.call.Says, a.reply.Took.Round(time.Millisecond))
		}
	}
	if len(sent) > 0 {
		t.Failf("a packet was sent (%s to %v), though nothing could be asked", sent[0].Summary(), sent[0].Dst)
	}
}

// probeRTTIsPlausible: above what the wire took, within what the call took.
func probeRTTIsPlausible(t *check.T) {
	d := t.Draft()
	open, closed, silent := d.Port(plan.Echo), d.Port(plan.Closed), d.Port(plan.Drop)
	b := t.Bench(d.Plan())
	asks := []*probed{
		ask(t.Context(), open, b.Target(open), answered), ask(t.Context(), closed, b.Target(closed), answered),
		ask(t.Context(), silent, b.Target(silent), unanswered),
	}
	probe(t, b, asks...)
	tr := b.Trace()
	requireAsked(t, tr, open, closed, silent)
	for _, a := range asks {
		if a.reply.Err != nil {
			t.Failf("%s: without a result there is no round-trip time", a.said())
		}
	}
	for _, a := range asks[:2] {
		wire := tr.Port(a.port).Conversations[0].RTT()
		if rtt := a.result.RTT; rtt <= 0 || rtt < wire || rtt > a.reply.Took {
			tr.Port(a.port).Show()
			t.Failf("%s returned RTT %v; on the wire the answer took %v, and the whole call %v", a.call.Says, rtt, wire, a.reply.Took)
		}
	}
	require.Zero(t, asks[2].result.RTT, "%s: nothing answered, and RTT is 0 then", asks[2].call.Says)
}

// probeLeavesNothingOpen: descriptors counted from outside, goroutines by Go's
// runtime, connections by FIN or RST on the wire. The first calls, which open
// what Go's poller needs, do not count.
func probeLeavesNothingOpen(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Echo), d.Port(plan.Greeting), d.Port(plan.Closed), d.Port(plan.ICMP, plan.WithCode(1)), d.Port(plan.Drop)}
	b := t.Bench(d.Plan())
	round := func() []*probed {
		var asks []*probed
		for _, p := range ports {
			timeout := answered
			if p.Behaviour == plan.Drop {
				timeout = unanswered / 3
			}
			asks = append(asks, ask(t.Context(), p, b.Target(p), timeout))
		}
		return asks
	}
	probe(t, b, round()...)
	descriptors, goroutines := len(b.Descriptors()), b.Goroutines()
	var many []*probed
	for range 6 {
		many = append(many, round()...)
	}
	probe(t, b, many...)
	requireAsked(t, b.Trace(), ports...)
	requireTidy(t, b, descriptors, goroutines)
	requireLetGo(t, b)
}

// probeAsksOnePortOnce: nmap's connect scan does no more either (nmap(1), -sT).
func probeAsksOnePortOnce(t *check.T) {
	d := t.Draft()
	silent := d.Port(plan.Drop)
	ports := []plan.Port{silent, d.Port(plan.Echo), d.Port(plan.Closed), d.Port(plan.ICMP, plan.WithCode(13))}
	b := t.Bench(d.Plan())
	asks := []*probed{ask(t.Context(), silent, b.Target(silent), unanswered)}
	for _, p := range ports[1:] {
		asks = append(asks, ask(t.Context(), p, b.Target(p), answered))
	}
	probe(t, b, asks...)
	tr := b.Trace()
	requireAsked(t, tr, ports...)
	requireOneConnection(t, tr, ports...)
	requireNoStrays(t, tr, ports...)
}
