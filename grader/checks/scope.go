package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// scopeChecks are the checks of 10_scope. Those that do not dial are in
// scopefile.go.
var scopeChecks = []check.Spec{
	{ID: "allows-what-is-listed", Evidence: check.Answers, Run: scopeAllowsWhatIsListed},
	{ID: "deny-wins", Evidence: check.Answers, Run: scopeDenyWins},
	{ID: "nothing-by-default", Evidence: check.Answers, Run: scopeNothingByDefault},
	{ID: "bad-lines-refuse-the-file", Evidence: check.Answers, Run: scopeBadLinesRefuseTheFile},
	{ID: "never-allowed", Evidence: check.Packets, Run: scopeNeverAllowed},
	{ID: "disguises-are-seen-through", Evidence: check.Answers, Run: scopeDisguisesAreSeenThrough},
	{ID: "dials-what-is-allowed", Evidence: check.Verdicts, Run: scopeDialsWhatIsAllowed},
	{ID: "refuses-addresses", Evidence: check.Verdicts, Run: scopeRefusesAddresses},
	{ID: "refuses-names", Evidence: check.Verdicts, Run: scopeRefusesNames},
	{ID: "looks-at-what-is-dialled", Evidence: check.Verdicts, Run: scopeLooksAtWhatIsDialled},
	{ID: "refuses-redirects", Evidence: check.Verdicts, Run: scopeRefusesRedirects},
	{ID: "keeps-the-base", Evidence: check.Verdicts, Waits: unanswered, Run: scopeKeepsTheBase},
	{ID: "leaves-nothing-open", Evidence: check.Verdicts, Run: scopeLeavesNothingOpen},
}

// errOutOfScope is how the driver names the exercise's error.
const errOutOfScope = "scope.ErrOutOfScope"

// errBase is how it names the error of a hook of the base's.
const errBase = "the base's own"

// dialOptions and dialled mirror the driver's: it decodes them by field names.
type dialOptions struct {
	Network string
	Address string
	DNS     netip.AddrPort
	Timeout time.Duration
	Hook    string
	Refuse  bool
	Follow  bool
}

type dialled struct {
	Remote string
	Hooked []string
	Led    string

	says  string
	reply *drive.Reply
}

// scoper is a scope that the learner's Parse has read.
type scoper struct {
	t      *check.T
	b      *check.Bench
	number int
}

// readScope calls Parse with good lines.
func readScope(t *check.T, b *check.Bench, lines ...string) scoper {
	s := scoper{t: t, b: b}
	r := parseScope(b, strings.Join(lines, "\n"), false)
	if r.Err != nil {
		t.Failf("Parse returned the error %q for a good file:\n%s", r.Err.Text, strings.Join(lines, "\n"))
	}
	if err := r.Decode(0, &s.number); err != nil {
		t.Broken(err)
	}
	return s
}

func parseScope(b *check.Bench, text string, broken bool) *drive.Reply {
	return b.Call(check.Call{Method: "Parse", Args: []any{text, broken}, Says: fmt.Sprintf("Parse(%q)", shorten(text))})
}

// ours is a scope with the target in it, and with nothing else.
func ours(t *check.T, b *check.Bench) scoper {
	return readScope(t, b, "allow "+b.Host().String(), "allow "+b.Host6().String())
}

// dial dials through the scope's Dialer.
func (s scoper) dial(o dialOptions) dialled {
	d := dialled{says: fmt.Sprintf("Dialer(…).Dial(%q, %q)", o.Network, o.Address)}
	o.DNS = s.b.Target(plan.Port{Number: 53})
	if o.Timeout == 0 {
		o.Timeout = answered
	}
	d.reply = s.b.Call(check.Call{Method: "Dial", Args: []any{s.number, o}, Says: d.says})
	if err := d.reply.Decode(0, &d); err != nil {
		s.t.Broken(err)
	}
	return d
}

// reach dials what is in scope, and fails the check unless that works. The wire
// is asked first whether it could.
func (s scoper) reach(p plan.Port, o dialOptions) dialled {
	d := s.dial(o)
	s.b.Trace().Port(p)
	if d.reply.Err != nil {
		s.t.Failf("%s returned the error %q, though it leads to what is allowed", d.says, d.reply.Err.Text)
	}
	return d
}

// refuse dials what is out of scope, and fails the check unless the error says
// so. That nothing was sent is held when the check ends.
func (s scoper) refuse(o dialOptions) dialled {
	d := s.dial(o)
	s.requireRefused(d)
	return d
}

func (s scoper) requireRefused(d dialled) {
	switch {
	case d.reply.Err == nil:
		s.t.Failf("%s returned no error, and reached %s, which is out of scope", d.says, d.Remote)
	case !d.reply.Err.Matches(errOutOfScope):
		s.t.Failf("%s returned the error %q, which does not match ErrOutOfScope: wrap it with %%w", d.says, d.reply.Err.Text)
	}
}

// scopeBench starts a lab for a dialer.
func scopeBench(t *check.T) *check.Bench { return t.Bench(withDNS(t.Draft().Plan())) }

// scopeDialsWhatIsAllowed: by address of either family, by name, over TCP and UDP.
func scopeDialsWhatIsAllowed(t *check.T) {
	d := t.Draft()
	p := d.Port(plan.Echo)
	name := d.Name(plan.TargetAddr)
	b := scopeBench(t)
	s := ours(t, b)
	for _, to := range []string{b.Target(p).String(), b.Target6(p).String(), fmt.Sprintf("%s:%d", name, p.Number), fmt.Sprintf("target.lab.test:%d", p.Number)} {
		got := s.reach(p, dialOptions{Network: "tcp", Address: to})
		if remote, err := netip.ParseAddrPort(got.Remote); err != nil || remote.Addr() != b.Host() && remote.Addr() != b.Host6() {
			t.Failf("%s led to %q", got.says, got.Remote)
		}
	}
	requireAsked(t, b.Trace(), p)
	s.reach(p, dialOptions{Network: "udp", Address: b.Target(plan.Port{Number: 53}).String()})
	if !eventually(t, func() bool {
		return slices.ContainsFunc(b.Trace().Target.Received(), udpTo(53))
	}) {
		t.Failf("nothing was sent over UDP, though that was allowed")
	}
}

// scopeRefusesAddresses: RFC 4291, section 2.5.5.2, for the disguised one.
func scopeRefusesAddresses(t *check.T) {
	p, next := t.Draft().Port(plan.Echo), t.Draft().Neighbour(plan.Echo)
	b := scopeBench(t)
	s := ours(t, b)
	s.reach(p, dialOptions{Network: "tcp", Address: b.Target(p).String()})
	v4, v6 := b.Neighbour()
	for _, host := range []netip.Addr{v4, v6, netip.AddrFrom16(v4.As16()), v6.WithZone("eth0")} {
		for _, network := range []string{"tcp", "udp"} {
			s.refuse(dialOptions{Network: network, Address: netip.AddrPortFrom(host, next.Number).String()})
		}
	}
	requireNothingToNeighbour(t, b)
}

// scopeRefusesNames: a dialer tries the addresses of a name in turn, or two side
// by side (RFC 8305). Whether a name that leads to both sides connects is free.
func scopeRefusesNames(t *check.T) {
	d := t.Draft()
	p, next := d.Port(plan.Echo), d.Neighbour(plan.Echo)
	out := []string{
		"neighbour.lab.test", d.Name(plan.NeighbourAddr), d.Name(plan.NeighbourAddr6), d.Name(netip.AddrFrom16(plan.NeighbourAddr.As16())),
	}
	both := []string{
		d.Name(plan.TargetAddr, plan.NeighbourAddr), d.Name(plan.NeighbourAddr, plan.TargetAddr),
		d.Name(plan.TargetAddr, plan.NeighbourAddr6), d.Name(plan.NeighbourAddr, plan.TargetAddr6),
	}
	b := scopeBench(t)
	s := ours(t, b)
	s.reach(p, dialOptions{Network: "tcp", Address: fmt.Sprintf("target.lab.test:%d", p.Number)})
	for _, name := range out {
		s.refuse(dialOptions{Network: "tcp", Address: fmt.Sprintf("%s:%d", name, next.Number)})
	}
	for _, name := range both {
		if got := s.dial(dialOptions{Network: "tcp", Address: fmt.Sprintf("%s:%d", name, next.Number)}); got.reply.Err == nil {
			t.Step("%s led to %s", name, got.Remote)
		}
	}
	requireNothingToNeighbour(t, b)
}

// scopeLooksAtWhatIsDialled: the name stands for the target when it is first
// asked for, and for the neighbour from then on.
func scopeLooksAtWhatIsDialled(t *check.T) {
	d := t.Draft()
	p, next := d.Port(plan.Echo), d.Neighbour(plan.Echo)
	fickle := d.ChangingName([]netip.Addr{plan.TargetAddr}, []netip.Addr{plan.NeighbourAddr})
	b := scopeBench(t)
	s := ours(t, b)
	s.reach(p, dialOptions{Network: "tcp", Address: b.Target(p).String()})
	s.dial(dialOptions{Network: "tcp", Address: fmt.Sprintf("%s:%d", fickle, next.Number)})
	requireNothingToNeighbour(t, b)
	s.refuse(dialOptions{Network: "tcp", Address: fmt.Sprintf("%s:%d", fickle, next.Number)})
	requireNothingToNeighbour(t, b)
}

// scopeRefusesRedirects: RFC 9110, section 15.4.
func scopeRefusesRedirects(t *check.T) {
	d := t.Draft()
	next := d.Neighbour(plan.Echo)
	leads := func(to netip.Addr, n uint16) plan.Port {
		return d.Port(plan.Greeting, plan.WithText(fmt.Sprintf("HTTP/1.0 302 Found\r\nLocation: http://%s/\r\n\r\n", netip.AddrPortFrom(to, n))))
	}
	home := d.Port(plan.Echo)
	inside, outside := leads(plan.TargetAddr, home.Number), leads(plan.NeighbourAddr, next.Number)
	b := scopeBench(t)
	s := ours(t, b)
	s.reach(inside, dialOptions{Network: "tcp", Address: b.Target(inside).String(), Follow: true})
	b.Trace().Port(outside)
	got := s.refuse(dialOptions{Network: "tcp", Address: b.Target(outside).String(), Follow: true})
	if got.Led == "" {
		t.Failf("%s did not even reach the page that redirects, which is in scope", got.says)
	}
	requireNothingToNeighbour(t, b)
}

// scopeKeepsTheBase: go doc net.Dialer; ControlContext goes before Control.
func scopeKeepsTheBase(t *check.T) {
	d := t.Draft()
	p, silent, next := d.Port(plan.Echo), d.Port(plan.Drop), d.Neighbour(plan.Echo)
	b := scopeBench(t)
	s := ours(t, b)
	v4, _ := b.Neighbour()
	for _, hook := range []string{"Control", "ControlContext"} {
		to := b.Target(p).String()
		if got := s.reach(p, dialOptions{Network: "tcp", Address: to, Hook: hook}); !slices.Equal(got.Hooked, []string{to}) {
			t.Failf("%s: the %s of the base was called with %q, not once with %q", got.says, hook, got.Hooked, to)
		}
		if got := s.refuse(dialOptions{Network: "tcp", Address: netip.AddrPortFrom(v4, next.Number).String(), Hook: hook}); len(got.Hooked) > 0 {
			t.Failf("%s was out of scope, and the %s of the base was called all the same", got.says, hook)
		}
		if got := s.dial(dialOptions{Network: "tcp", Address: to, Hook: hook, Refuse: true}); !got.reply.Err.Matches(errBase) {
			t.Failf("the %s of the base refused, and %s did not return its error", hook, got.says)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), answered)
	t.Cleanup(cancel)
	r := b.Call(check.Call{Context: ctx, Method: "Dial", Says: fmt.Sprintf("Dial(%v), timeout %v", b.Target(silent), unanswered),
		Args: []any{s.number, dialOptions{Network: "tcp", Address: b.Target(silent).String(), Timeout: unanswered}}})
	requireAsked(t, b.Trace(), silent)
	if r.Err == nil || r.Took < unanswered || !within(r.Took, 4*unanswered, r) {
		t.Failf("the base had a timeout of %v; a dial of a silent port ended after %v", unanswered, r.Took.Round(time.Millisecond))
	}
}

// scopeLeavesNothingOpen: descriptors are counted after a first dial.
func scopeLeavesNothingOpen(t *check.T) {
	p, next := t.Draft().Port(plan.Echo), t.Draft().Neighbour(plan.Echo)
	b := scopeBench(t)
	s := ours(t, b)
	v4, _ := b.Neighbour()
	s.reach(p, dialOptions{Network: "tcp", Address: b.Target(p).String()})
	descriptors, goroutines := len(b.Descriptors()), b.Goroutines()
	for range 10 {
		s.reach(p, dialOptions{Network: "tcp", Address: b.Target(p).String()})
		s.refuse(dialOptions{Network: "tcp", Address: netip.AddrPortFrom(v4, next.Number).String()})
	}
	requireTidy(t, b, descriptors, goroutines)
}
