package labtest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/plan"
)

// The neighbour can be reached, is another host with ports of its own, and its
// recording is its own: neither host sees what goes to the other (IEEE Std
// 802.1Q, section 8.8: a bridge that knows an address sends there alone).
func (s suite) neighbour(t *testing.T) {
	d := plan.New(30)
	mine, theirs := d.Port(plan.Echo), d.Neighbour(plan.Echo)
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	stray := netip.AddrPortFrom(b.Plan().Neighbour.Addr, theirs.Number)
	meant := netip.AddrPortFrom(b.Plan().Target.Addr, mine.Number)
	prog.connect(t, meant.String())
	target, neighbour := b.traces(t)
	assert.NotEmpty(t, target.Received())
	assert.Empty(t, neighbour.Received(), "what went to the target")

	prog.connect(t, stray.String())
	refused := prog.dial(t, patience, netip.AddrPortFrom(stray.Addr(), mine.Number).String())
	assert.Equal(t, "ECONNREFUSED", refused[0].Err, "a port of the target's at the neighbour")
	before := len(target.Received())
	target, neighbour = b.traces(t)
	assert.Len(t, target.Received(), before, "what went to the neighbour")
	state, _, _ := only(t, neighbour, stray).Verdict()
	assert.Equal(t, port.Open, state)
}

// Whoever looks for the target over IPv6 as soon as a lab is there asks once. A
// solicitation that comes too early is lost, and is sent again a second later
// (RFC 4861, section 10): most timeouts of a scanner's are over by then.
func (s suite) foundAtOnce(t *testing.T) {
	const labs = 5
	for i := range uint64(labs) {
		d := plan.New(40 + i)
		p := d.Port(plan.Echo)
		b := s.lab(t, d.Plan())
		host := b.Plan().Target.Addr6
		b.run(t, nil).connect(t, address(host, p))
		target, _ := b.traces(t)
		asked := 0
		for _, f := range target.Frames {
			if !f.Sent && f.Solicited == host {
				asked++
			}
		}
		assert.Equal(t, 1, asked, "lab %d", i)
		assert.NoError(t, b.Close()) // closing twice is no error
	}
}

// There is no way out of the lab: no default route (route(8)), so whatever lies
// beyond the net is unreachable before a packet is sent (connect(2),
// ENETUNREACH), and the hosts see none.
func (s suite) noWayOut(t *testing.T) {
	b := s.lab(t, plan.New(31).Plan())
	outside := []string{
		"192.0.2.1:80", "198.51.100.1:53", "203.0.113.1:443", // RFC 5737
		"[2001:db8::1]:80", "[fd00::1]:80", // RFC 3849, RFC 4193
		"8.8.8.8:53", "10.78.0.1:80", "169.254.169.254:80",
	}
	outside = append(outside, ownAddresses(t)...)
	for i, d := range b.run(t, nil).dial(t, soon, outside...) {
		assert.Equal(t, "ENETUNREACH", d.Err, outside[i])
	}
	target, neighbour := b.traces(t)
	assert.Empty(t, target.Received())
	assert.Empty(t, neighbour.Received())
}

// ownAddresses are those of the machine that the tests run on, each with a port
// that somebody listens on. Loopback's and link-local ones mean something else
// in the lab.
func ownAddresses(t *testing.T) []string {
	t.Helper()
	l, err := net.Listen("tcp", ":0") //nolint:gosec // that nobody gets there is what is tested
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	var all []string
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		require.NoError(t, err)
		if ip := prefix.Addr(); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			all = append(all, netip.AddrPortFrom(ip, uint16(l.Addr().(*net.TCPAddr).Port)).String()) //nolint:gosec,forcetypeassert // a TCP listener's
		}
	}
	return all
}

// Two labs that run at once have the same addresses and nothing else in
// common (network_namespaces(7)).
func (s suite) separateLabs(t *testing.T) {
	d := plan.New(32)
	open := d.Port(plan.Echo)
	one, other := s.lab(t, d.Plan()), s.lab(t, plan.New(33).Plan())
	one.run(t, nil).connect(t, one.target(open))
	dialled := other.run(t, nil).dial(t, patience, other.target(open))
	assert.Equal(t, "ECONNREFUSED", dialled[0].Err, "the port of the one lab in the other")
	for want, b := range map[port.State]bench{port.Open: one, port.Closed: other} {
		trace, _ := b.traces(t)
		require.Len(t, trace.Conversations(), 1)
		state, _, _ := trace.Conversations()[0].Verdict()
		assert.Equal(t, want, state)
	}
}
