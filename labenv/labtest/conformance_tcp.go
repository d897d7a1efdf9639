package labtest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// answer is how a port must answer a SYN: what the wire proves of it, and the
// errno of connect(2) over IPv4 and over IPv6, "" being success.
type answer struct {
	state        port.State
	reason       port.Reason
	over4, over6 string
}

// plainAnswers are those of all behaviours but ICMP. What a filter drops, and
// what it refuses, looks the same over both families.
var plainAnswers = map[plan.Behaviour]answer{
	plan.Closed:      {port.Closed, port.Reset, "ECONNREFUSED", "ECONNREFUSED"},
	plan.Reset:       {port.Closed, port.Reset, "ECONNREFUSED", "ECONNREFUSED"},
	plan.Drop:        {port.Filtered, port.NoResponse, orders.Timeout, orders.Timeout},
	plan.Forge:       {port.Filtered, port.NoResponse, orders.Timeout, orders.Timeout},
	plan.Echo:        {port.Open, port.SYNACK, "", ""},
	plan.Greeting:    {port.Open, port.SYNACK, "", ""},
	plan.Silent:      {port.Open, port.SYNACK, "", ""},
	plan.AcceptClose: {port.Open, port.SYNACK, "", ""},
	plan.AcceptReset: {port.Open, port.SYNACK, "", ""},
	plan.HTTP:        {port.Open, port.SYNACK, "", ""},
	plan.TLS:         {port.Open, port.SYNACK, "", ""},
	plan.HTTPS:       {port.Open, port.SYNACK, "", ""},
	plan.Scripted:    {port.Open, port.SYNACK, "", ""},
	plan.Redis:       {port.Open, port.SYNACK, "", ""},
	plan.DNS:         {port.Open, port.SYNACK, "", ""},
}

// icmpAnswers are those of ICMP type 3, by code, as Linux makes errnos of them
// (icmp(7); for IPv6, of the ICMPv6 error that says the same). Code 4 asks for
// smaller packets and does not end a connect; ENOTSUP is EOPNOTSUPP.
var icmpAnswers = [16]answer{
	{port.Filtered, port.NetUnreach, "ENETUNREACH", "ENETUNREACH"},
	{port.Filtered, port.HostUnreach, "EHOSTUNREACH", "EHOSTUNREACH"},
	{port.Filtered, port.ProtoUnreach, "ENOPROTOOPT", "EPROTO"},
	{port.Filtered, port.PortUnreach, "ECONNREFUSED", "ECONNREFUSED"},
	{port.Filtered, port.HostUnreach, orders.Timeout, "EHOSTUNREACH"},
	{port.Filtered, port.HostUnreach, "ENOTSUP", "EHOSTUNREACH"},
	{port.Filtered, port.NetUnreach, "ENETUNREACH", "ENETUNREACH"},
	{port.Filtered, port.HostUnreach, "EHOSTDOWN", "EHOSTUNREACH"},
	{port.Filtered, port.HostUnreach, "ENONET", "EHOSTUNREACH"},
	{port.Filtered, port.AdminProhibited, "ENETUNREACH", "EACCES"},
	{port.Filtered, port.AdminProhibited, "EHOSTUNREACH", "EACCES"},
	{port.Filtered, port.NetUnreach, "ENETUNREACH", "ENETUNREACH"},
	{port.Filtered, port.HostUnreach, "EHOSTUNREACH", "EHOSTUNREACH"},
	{port.Filtered, port.AdminProhibited, "EHOSTUNREACH", "EACCES"},
	{port.Filtered, port.HostUnreach, "EHOSTUNREACH", "EHOSTUNREACH"},
	{port.Filtered, port.HostUnreach, "EHOSTUNREACH", "EHOSTUNREACH"},
}

func answerOf(p plan.Port) answer {
	if p.Behaviour == plan.ICMP {
		return icmpAnswers[p.Code]
	}
	return plainAnswers[p.Behaviour]
}

// everyBehaviour draws a plan with a port for each behaviour and ICMP code.
func everyBehaviour(seed uint64) plan.Plan {
	d := plan.New(seed)
	for b := range plainAnswers {
		d.Port(b)
	}
	for code := range icmpAnswers {
		d.Port(plan.ICMP, plan.WithCode(uint8(code)))
	}
	p := d.Plan()
	d.Rand().Shuffle(len(p.Target.Ports), func(i, j int) {
		ports := p.Target.Ports
		ports[i], ports[j] = ports[j], ports[i]
	})
	return p
}

// seen is what came of one connect: its errno and the verdict of the wire.
type seen struct {
	errno  string
	state  port.State
	reason port.Reason
}

// observe connects to every port of the target over both families and returns
// what came of it, by address. Only silence is cut short: what a port answers
// is waited for, so that a busy machine changes nothing.
func (b bench) observe(t *testing.T, ports []plan.Port) map[netip.AddrPort]seen {
	t.Helper()
	to := map[time.Duration][]string{}
	for i, a := range b.families() {
		for _, p := range ports {
			timeout := patience
			if silent(p, i) {
				timeout = soon
			}
			to[timeout] = append(to[timeout], address(a, p))
		}
	}
	prog := b.run(t, nil)
	result := map[netip.AddrPort]seen{}
	for timeout, addrs := range to {
		for i, d := range prog.dial(t, timeout, addrs...) {
			result[netip.MustParseAddrPort(addrs[i])] = seen{errno: d.Err}
		}
	}
	trace, _ := b.traces(t)
	for addr, s := range result {
		s.state, s.reason, _ = only(t, trace, addr).Verdict()
		result[addr] = s
	}
	return result
}

// silent tells whether connect(2) learns nothing from a port over the family,
// 0 for IPv4 and 1 for IPv6.
func silent(p plan.Port, family int) bool {
	want := answerOf(p)
	return p.Loss == 100 || []string{want.over4, want.over6}[family] == orders.Timeout
}

// only returns the one conversation with a port of the host.
func only(t *testing.T, trace *wire.Trace, host netip.AddrPort) wire.Conversation {
	t.Helper()
	var found []wire.Conversation
	for _, c := range trace.To(host.Port()) {
		if c.Host == host {
			found = append(found, c)
		}
	}
	require.Len(t, found, 1, "conversations with %s", host)
	return found[0]
}

// Every behaviour shows on the wire as RFC 9293, section 3.10.7, RFC 792 and
// RFC 4443, section 3, have it, and connect(2) makes of it what tcp(7) and
// icmp(7) say.
func (s suite) behaviours(t *testing.T) {
	p := everyBehaviour(1)
	b := s.lab(t, p)
	got := b.observe(t, p.Target.Ports)
	for _, q := range p.Target.Ports {
		want := answerOf(q)
		for i, errno := range []string{want.over4, want.over6} {
			addr := netip.AddrPortFrom(b.families()[i], q.Number)
			assert.Equal(t, seen{errno, want.state, want.reason}, got[addr], "%s at %s", q, addr)
		}
	}
	trace, _ := b.traces(t)
	for _, q := range p.Target.Ports {
		if q.Behaviour == plan.ICMP {
			b.checkCodes(t, trace, q)
		}
	}
}

// checkCodes holds the ICMP errors that a port caused against its code.
func (b bench) checkCodes(t *testing.T, trace *wire.Trace, p plan.Port) {
	t.Helper()
	typ6, code6 := plan.ICMPv6(p.Code)
	for i, want := range []wire.ICMP{{Type: 3, Code: p.Code}, {Type: typ6, Code: code6}} {
		_, _, f := only(t, trace, netip.AddrPortFrom(b.families()[i], p.Number)).Verdict()
		require.NotNil(t, f, p)
		require.NotNil(t, f.ICMP, p)
		assert.Equal(t, want, *f.ICMP, "%s over family %d", p, i)
	}
}

// A port that nothing listens on answers with RST (RFC 9293, section 3.5.2).
func (s suite) unlistedPort(t *testing.T) {
	b := s.lab(t, plan.New(2).Plan())
	p := plan.Port{Number: 40000, Proto: plan.TCP}
	want := seen{"ECONNREFUSED", port.Closed, port.Reset}
	for addr, got := range b.observe(t, []plan.Port{p}) {
		assert.Equal(t, want, got, addr)
	}
}

// A port that loses every packet is silent, whatever it would have answered
// (tcp(7): the SYN is not acknowledged).
func (s suite) totalLoss(t *testing.T) {
	d := plan.New(3)
	for _, b := range []plan.Behaviour{plan.Echo, plan.Closed, plan.Reset, plan.ICMP} {
		d.Port(b, plan.WithLoss(100), plan.WithCode(13))
	}
	want := seen{orders.Timeout, port.Filtered, port.NoResponse}
	for addr, got := range s.lab(t, d.Plan()).observe(t, d.Plan().Target.Ports) {
		assert.Equal(t, want, got, addr)
	}
}

// A port that loses half of its packets answers about half of the first SYNs
// (RFC 6298: the second comes a second later). Fewer than 60 or more than 140
// of 200 happen once in 10^8 times.
func (s suite) partialLoss(t *testing.T) {
	const syns = 200
	d := plan.New(4)
	ports := []plan.Port{
		d.Port(plan.Echo, plan.WithLoss(50)), d.Port(plan.Reset, plan.WithLoss(50)),
		d.Port(plan.ICMP, plan.WithCode(1), plan.WithLoss(50)),
	}
	b := s.lab(t, d.Plan())
	prog := b.run(t, limits(labenv.Limits{Descriptors: 4 * syns}))
	for _, p := range ports {
		for _, addr := range b.families() {
			answered := 0
			for _, d := range prog.dial(t, soon, repeat(address(addr, p), syns)...) {
				if d.Err != orders.Timeout {
					answered++
				}
			}
			assert.InDelta(t, syns/2, answered, 40, "%s at %s", p, addr)
			prog.hangUp(t)
		}
	}
}

func repeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// A thousand connections at once to one port are all accepted, each with its
// first SYN (listen(2): the backlog is long enough).
func (s suite) burst(t *testing.T) {
	const connections = 1000
	d := plan.New(5)
	p := d.Port(plan.Echo)
	b := s.lab(t, d.Plan())
	prog := b.run(t, limits(labenv.Limits{Descriptors: connections + 24}))
	for _, dialled := range prog.dial(t, patience, repeat(b.target(p), connections)...) {
		require.Empty(t, dialled.Err)
	}
	trace, _ := b.traces(t)
	talks := trace.To(p.Number)
	require.Len(t, talks, connections)
	for _, c := range talks {
		state, _, _ := c.Verdict()
		require.Equal(t, port.Open, state, c.Peer)
		require.Equal(t, 1, c.SYNs, "SYNs from %s", c.Peer)
	}
}

// Three hundred rejected ports give three hundred ICMP errors: the limits of
// RFC 1812, section 4.3.2.8, are off (icmp(7), icmp_ratelimit).
func (s suite) noRateLimit(t *testing.T) {
	const rejected = 300
	d := plan.New(6)
	ports := d.Ports(rejected, plan.ICMP, plan.WithCode(13))
	b := s.lab(t, d.Plan())
	got := b.observe(t, ports)
	require.Len(t, got, 2*rejected)
	for addr, g := range got {
		assert.Equal(t, port.AdminProhibited, g.reason, addr)
		assert.NotEqual(t, orders.Timeout, g.errno, addr)
	}
}

// Datagrams are echoed; a port that nothing reads gives port unreachable,
// which a connected socket reports as ECONNREFUSED (udp(7); RFC 1122, section
// 4.1.3.1); a dropped one gives nothing.
func (s suite) datagrams(t *testing.T) {
	p := plan.New(7).Plan()
	p.Target.Ports = []plan.Port{
		{Number: 7, Proto: plan.UDP, Behaviour: plan.Echo},
		{Number: 8, Proto: plan.UDP, Behaviour: plan.Closed},
		{Number: 9, Proto: plan.UDP, Behaviour: plan.Drop},
		{Number: 10, Proto: plan.UDP, Behaviour: plan.Echo, Loss: 100},
		{Number: 11, Proto: plan.UDP, Behaviour: plan.ICMP, Code: 3},
	}
	want := map[uint16]string{7: "", 8: "ECONNREFUSED", 9: orders.Timeout, 10: orders.Timeout, 11: "ECONNREFUSED", 12: "ECONNREFUSED"}
	b := s.lab(t, p)
	prog := b.run(t, nil)
	payload := []byte{0, 'h', 'i', 0xff}
	for number, errno := range want {
		for _, addr := range b.families() {
			to := address(addr, plan.Port{Number: number})
			timeout := patience
			if errno == orders.Timeout {
				timeout = 50 * time.Millisecond
			}
			r := prog.do(t, orders.Request{Do: orders.Ask, To: []string{to}, Data: payload, Timeout: timeout})
			assert.Equal(t, errno, r.Err, to)
			if errno == "" {
				assert.Equal(t, payload, r.Data, to)
			}
		}
	}
}

// The same plan gives the same behaviour in every lab: nothing is left to
// chance but what the plan leaves to it (Port.Loss).
func (s suite) repeatable(t *testing.T) {
	p := everyBehaviour(8)
	first := s.lab(t, p).observe(t, p.Target.Ports)
	second := s.lab(t, p).observe(t, p.Target.Ports)
	require.Len(t, second, len(first))
	for addr, got := range second {
		assert.Equal(t, first[addr], got, addr)
	}
}
