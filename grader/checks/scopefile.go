package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"wirelab/grader/check"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// check asks Check about an address and holds its answer against the truth.
func (s scoper) check(addr netip.Addr, allowed bool) {
	says := fmt.Sprintf("Check(%v)", addr)
	r := s.b.Call(check.Call{Method: "Check", Args: []any{s.number, addr}, Says: says})
	switch {
	case allowed && r.Err != nil:
		s.t.Failf("%s returned the error %q, but the file allows that", says, r.Err.Text)
	case !allowed && r.Err == nil:
		s.t.Failf("%s returned no error, but that is out of scope", says)
	case !allowed && !r.Err.Matches(errOutOfScope):
		s.t.Failf("%s returned the error %q, which does not match ErrOutOfScope: wrap it with %%w", says, r.Err.Text)
	}
}

// checks asks about several addresses.
func (s scoper) checks(allowed bool, addrs ...string) {
	for _, a := range addrs {
		s.check(netip.MustParseAddr(a), allowed)
	}
}

// scopeAllowsWhatIsListed: RFC 4632, section 3.1, for prefixes. Networks are
// drawn; their first and last addresses are in, and those beside them out.
func scopeAllowsWhatIsListed(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	r := t.Draft().Rand()
	one, two := r.IntN(250)+1, r.IntN(15)*16
	s := readScope(t, b,
		"# what we may scan",
		"",
		fmt.Sprintf("allow 10.%d.0.0/16", one),
		fmt.Sprintf("\tallow   192.0.2.%d/28  # a comment", two),
		fmt.Sprintf("allow 198.51.100.%d# an address by itself", one),
		"allow 2001:db8:7::/48\r",
		"allow 2001:db8::7",
		"deny 203.0.113.0/24",
	)
	s.checks(true,
		fmt.Sprintf("10.%d.0.0", one), fmt.Sprintf("10.%d.255.255", one), fmt.Sprintf("192.0.2.%d", two), fmt.Sprintf("192.0.2.%d", two+15),
		fmt.Sprintf("198.51.100.%d", one), "2001:db8:7::", "2001:db8:7:ffff:ffff:ffff:ffff:ffff", "2001:db8::7")
	s.checks(false,
		fmt.Sprintf("10.%d.255.255", one-1), fmt.Sprintf("10.%d.0.0", one+1), fmt.Sprintf("192.0.2.%d", two+16), fmt.Sprintf("198.51.100.%d", one+1),
		"2001:db8:6:ffff:ffff:ffff:ffff:ffff", "2001:db8:8::", "2001:db8::8", "203.0.113.1")
}

// scopeDenyWins: before, after and around an allow.
func scopeDenyWins(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	lines := []string{"allow 10.0.0.0/8", "deny 10.1.0.0/16", "allow 10.1.2.0/24", "deny 10.2.3.4", "allow 10.2.3.4", "deny fd00::/8", "allow fd77::/16", "allow fe00::/8"}
	for range 3 {
		s := readScope(t, b, lines...)
		s.checks(true, "10.0.0.1", "10.2.3.5", "10.255.255.254", "fe00::1")
		s.checks(false, "10.1.0.1", "10.1.2.3", "10.2.3.4", "fd77::10", "11.0.0.0")
		t.Draft().Rand().Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
}

// scopeNothingByDefault: an empty file, and files that only deny.
func scopeNothingByDefault(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	for _, lines := range [][]string{{""}, {"# nothing yet", "   "}, {"deny 10.0.0.0/8"}} {
		readScope(t, b, lines...).checks(false, "10.0.0.1", "11.0.0.1", "127.0.0.1", "fd77::10", "::1", b.Host().String())
	}
	readScope(t, b, "allow "+b.Host().String()).checks(true, b.Host().String())
}

// scopeBadLinesRefuseTheFile: each is the one bad line of its file.
func scopeBadLinesRefuseTheFile(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	good := func(n int) []string { return slices.Repeat([]string{"allow 10.0.0.0/8"}, n) }
	for _, bad := range []string{
		"alow 10.0.0.0/8", "allow", "deny", "allow 10.0.0.0/33", "allow 10.0.0", "deny 10.0.0.0/-1", "allow target.lab.test",
		"allow 10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8", "deny 10.1.0.0 /16", "allow fd77::/129", "deny 300.1.1.1", "allow 10.0.0.0/",
	} {
		at := t.Draft().Rand().IntN(20) + 11
		lines := append(append(good(at-1), bad), good(3)...)
		r := parseScope(b, strings.Join(lines, "\n"), false)
		if r.Err == nil {
			t.Failf("Parse took a file whose line %d says %q, which means nothing", at, bad)
		}
		if !mentions(r.Err.Text, strconv.Itoa(at)) {
			t.Failf("Parse returned the error %q, which does not name line %d, %q", r.Err.Text, at, bad)
		}
	}
	if r := parseScope(b, "allow 10.0.0.0/8\n", true); r.Err == nil {
		t.Failf("Parse returned no error though its reader failed after the first line: the rest of the file is not known")
	}
	readScope(t, b, good(30)...).checks(true, "10.1.2.3")
}

// scopeNeverAllowed: RFC 1122, section 3.2.1.3, RFC 919 and RFC 4291, section
// 2.7; also where everything is allowed.
func scopeNeverAllowed(t *check.T) {
	b := t.Bench(withDNS(t.Draft().Plan()))
	s := readScope(t, b, "allow 0.0.0.0/0", "allow ::/0")
	s.checks(true, "10.1.2.3", "2001:db8::1", "127.0.0.1", "255.255.255.254", "::1")
	never := []string{"0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1", "::ffff:0.0.0.0", "::ffff:224.0.0.1"}
	s.checks(false, never...)
	for _, a := range never {
		s.refuse(dialOptions{Network: "udp", Address: netip.AddrPortFrom(netip.MustParseAddr(a), 9).String()})
	}
	if slices.ContainsFunc(b.Trace().Target.Received(), udpTo(9)) {
		t.Failf("a datagram was sent to everybody")
	}
}

// scopeDisguisesAreSeenThrough: RFC 4291, section 2.5.5.2; RFC 4007 for zones.
func scopeDisguisesAreSeenThrough(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	s := readScope(t, b, "allow 10.77.0.0/24", "deny 10.77.0.20", "allow fe80::/10", "deny fe80::20")
	s.checks(true, "::ffff:10.77.0.10", "fe80::10", "fe80::10%eth0", "10.77.0.10")
	s.checks(false, "::ffff:10.77.0.20", "fe80::20%eth0", "fe80::20%7", "::ffff:10.78.0.1")
	everything := readScope(t, b, "allow ::/0")
	everything.checks(true, "2001:db8::1", "fe80::1%eth0")
	everything.checks(false, "::ffff:10.77.0.20", "10.77.0.20")
}

// requireNothingToNeighbour fails the check if anything reached the neighbour so
// far, address resolution included: it would be held at the end as well, and
// without a word about which call it was.
func requireNothingToNeighbour(t *check.T, b *check.Bench) {
	if got := b.Trace().Neighbour.Received(); len(got) > 0 {
		t.Failf("a packet reached the neighbour, which is out of scope: %s", got[0].Summary())
	}
}

// udpTo picks datagrams to a port.
func udpTo(number uint16) func(wire.Frame) bool {
	return func(f wire.Frame) bool { return f.UDP != nil && f.Dst.Port() == number }
}

// withDNS adds a DNS server (RFC 1035) to a plan's target.
func withDNS(p plan.Plan) plan.Plan {
	for _, proto := range []plan.Proto{plan.UDP, plan.TCP} {
		p.Target.Ports = append(p.Target.Ports, plan.Port{Number: 53, Proto: proto, Behaviour: plan.DNS})
	}
	return p
}
