package plan_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"wirelab/exercises/port"
	"wirelab/labenv/plan"
)

// behaviours are all that there are.
var behaviours = []plan.Behaviour{
	plan.Closed, plan.Echo, plan.Greeting, plan.Silent, plan.AcceptClose, plan.AcceptReset,
	plan.HTTP, plan.TLS, plan.HTTPS, plan.Scripted, plan.Redis, plan.DNS, plan.Drop, plan.Reset, plan.ICMP, plan.Forge,
}

// draw draws what steps say: the behaviours, first of the target, and every
// third of the neighbour.
func draw(seed uint64, steps []plan.Behaviour) plan.Plan {
	d := plan.New(seed)
	for i, b := range steps {
		if i%3 == 2 {
			d.Neighbour(b)
		} else {
			d.Port(b, plan.WithLoss(d.Rand().IntN(101)), plan.WithCode(uint8(d.Rand().IntN(16))))
		}
	}
	return d.Plan()
}

// Same seed, same calls, same plan; every plan so drawn can be played, and no
// number is used twice.
func TestDraftsFollowFromTheirSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		steps := rapid.SliceOfN(rapid.SampledFrom(behaviours), 0, 200).Draw(t, "behaviours")
		p := draw(seed, steps)
		if again := draw(seed, steps); !assert.ObjectsAreEqual(p, again) {
			t.Fatalf("%v and %v from seed %d", p, again, seed)
		}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		seen := map[uint16]bool{}
		for _, q := range slices.Concat(p.Target.Ports, p.Neighbour.Ports) {
			if q.Number < 1024 || seen[q.Number] || q.Proto != plan.TCP {
				t.Fatalf("port %v among %v", q, p)
			}
			seen[q.Number] = true
		}
		if len(seen) != len(steps) || p.Seed != seed {
			t.Fatalf("%d ports, seed %d", len(seen), p.Seed)
		}
	})
}

func TestSeedsDiffer(t *testing.T) {
	seen := map[uint16]bool{}
	for seed := range uint64(100) {
		seen[plan.New(seed).Port(plan.Echo).Number] = true
	}
	assert.Greater(t, len(seen), 90, "first ports of a hundred seeds")
}

// A plan that was taken from a draft stays as it is.
func TestPlansAreCopies(t *testing.T) {
	d := plan.New(1)
	d.Ports(3, plan.Echo)
	d.Neighbour(plan.Drop)
	before := d.Plan()
	d.Port(plan.Closed)
	d.Neighbour(plan.Closed)
	assert.Len(t, before.Target.Ports, 3)
	assert.Len(t, before.Neighbour.Ports, 1)
	before.Target.Ports[0].Number = 1
	assert.NotEqual(t, before.Target.Ports[0], d.Plan().Target.Ports[0])
}

func TestOptions(t *testing.T) {
	d := plan.New(2)
	p := d.Port(plan.ICMP, plan.WithCode(13), plan.WithLoss(20), plan.WithText("x"))
	assert.Equal(t, plan.Port{Number: p.Number, Proto: plan.TCP, Behaviour: plan.ICMP, Code: 13, Loss: 20, Text: "x"}, p)
	assert.NotEmpty(t, d.Port(plan.Greeting).Text, "a greeting says something")
	assert.Equal(t, "hi", d.Port(plan.Greeting, plan.WithText("hi")).Text)
}

func TestValidate(t *testing.T) {
	tcp := func(b plan.Behaviour) plan.Port { return plan.Port{Number: 1, Proto: plan.TCP, Behaviour: b} }
	udp := func(b plan.Behaviour) plan.Port { return plan.Port{Number: 1, Proto: plan.UDP, Behaviour: b} }
	with := func(p plan.Port, change func(*plan.Port)) plan.Port { change(&p); return p }
	for name, c := range map[string]struct {
		ports []plan.Port
		wrong int // how many errors
	}{
		"nothing":                    {nil, 0},
		"the same number twice over": {[]plan.Port{tcp(plan.Echo), udp(plan.Echo)}, 0},
		"listed twice":               {[]plan.Port{tcp(plan.Echo), tcp(plan.Drop)}, 1},
		"port 0":                     {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.Number = 0 })}, 1},
		"port 65535":                 {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.Number = 65535 })}, 0},
		"no protocol":                {[]plan.Port{{Number: 1, Behaviour: plan.Echo}}, 1},
		"another protocol":           {[]plan.Port{{Number: 1, Proto: "sctp", Behaviour: plan.Echo}}, 1},
		"no behaviour":               {[]plan.Port{tcp("")}, 1},
		"an unknown behaviour":       {[]plan.Port{tcp("dance")}, 1},
		"a loss below 0":             {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.Loss = -1 })}, 1},
		"a loss of 100":              {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.Loss = 100 })}, 0},
		"a loss above 100":           {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.Loss = 101 })}, 1},
		"loses a few first":          {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.LoseFirst = 3 })}, 0},
		"loses less than none":       {[]plan.Port{with(tcp(plan.Echo), func(p *plan.Port) { p.LoseFirst = -1 })}, 1},
		"loses ICMP's first":         {[]plan.Port{with(tcp(plan.ICMP), func(p *plan.Port) { p.LoseFirst = 1 })}, 1},
		"forges over UDP":            {[]plan.Port{udp(plan.Forge)}, 1},
		"the last code":              {[]plan.Port{with(tcp(plan.ICMP), func(p *plan.Port) { p.Code = 15 })}, 0},
		"a code beyond":              {[]plan.Port{with(tcp(plan.ICMP), func(p *plan.Port) { p.Code = 16 })}, 1},
		"all that is wrong is told":  {[]plan.Port{tcp(""), {}}, 2},
		"a greeting over UDP":        {[]plan.Port{udp(plan.Greeting)}, 1},
	} {
		for _, host := range []string{"target", "neighbour"} {
			p := plan.New(3).Plan()
			if host == "target" {
				p.Target.Ports = c.ports
			} else {
				p.Neighbour.Ports = c.ports
			}
			err := p.Validate()
			if c.wrong == 0 {
				assert.NoError(t, err, name)
				continue
			}
			require.ErrorIs(t, err, plan.ErrInvalid, name)
			assert.ErrorContains(t, err, host, name)
			joined, ok := err.(interface{ Unwrap() []error })
			require.True(t, ok, name)
			assert.Len(t, joined.Unwrap(), c.wrong, name)
		}
	}
}

// Behaviours of UDP ports are those that can be had without a connection.
func TestValidateKnowsTheTransports(t *testing.T) {
	overUDP := []plan.Behaviour{plan.Closed, plan.Drop, plan.Reset, plan.ICMP, plan.Echo, plan.DNS}
	for _, b := range behaviours {
		for _, proto := range []plan.Proto{plan.TCP, plan.UDP} {
			p := plan.New(4).Plan()
			p.Target.Ports = []plan.Port{{Number: 1, Proto: proto, Behaviour: b}}
			valid := proto == plan.TCP || slices.Contains(overUDP, b)
			assert.Equal(t, valid, p.Validate() == nil, "%s over %s", b, proto)
		}
	}
}

// The truth about a port, by what it does.
func TestStateAndReason(t *testing.T) {
	for b, want := range map[plan.Behaviour]struct {
		state   port.State
		reason  port.Reason
		accepts bool
	}{
		plan.Closed: {port.Closed, port.Reset, false}, plan.Reset: {port.Closed, port.Reset, false},
		plan.Drop: {port.Filtered, port.NoResponse, false}, plan.Forge: {port.Filtered, port.NoResponse, false},
		plan.Echo: {port.Open, port.SYNACK, true}, plan.Greeting: {port.Open, port.SYNACK, true},
		plan.Silent: {port.Open, port.SYNACK, true}, plan.AcceptClose: {port.Open, port.SYNACK, true},
		plan.AcceptReset: {port.Open, port.SYNACK, true}, plan.HTTP: {port.Open, port.SYNACK, true},
		plan.TLS: {port.Open, port.SYNACK, true}, plan.Redis: {port.Open, port.SYNACK, true},
		plan.DNS:   {port.Open, port.SYNACK, true},
		plan.HTTPS: {port.Open, port.SYNACK, true}, plan.Scripted: {port.Open, port.SYNACK, true},
		plan.ICMP: {port.Filtered, port.NetUnreach, false}, // code 0
	} {
		p := plan.Port{Number: 1, Proto: plan.TCP, Behaviour: b}
		assert.Equal(t, want.state, p.State(), b)
		assert.Equal(t, want.reason, p.Reason(), b)
		assert.Equal(t, want.accepts, b.Accepts(), b)
	}
}

// ICMP type 3 codes (RFC 792, RFC 1122, RFC 1812), what they count as, and the
// ICMPv6 error (RFC 4443, section 3) that says the same.
func TestCodes(t *testing.T) {
	type six struct{ typ, code uint8 }
	for code, want := range []struct {
		reason port.Reason
		six    six
	}{
		{port.NetUnreach, six{1, 0}},
		{port.HostUnreach, six{1, 3}},
		{port.ProtoUnreach, six{4, 1}},
		{port.PortUnreach, six{1, 4}},
		{port.HostUnreach, six{1, 3}},
		{port.HostUnreach, six{1, 3}},
		{port.NetUnreach, six{1, 0}},
		{port.HostUnreach, six{1, 3}},
		{port.HostUnreach, six{1, 3}},
		{port.AdminProhibited, six{1, 1}},
		{port.AdminProhibited, six{1, 1}},
		{port.NetUnreach, six{1, 0}},
		{port.HostUnreach, six{1, 3}},
		{port.AdminProhibited, six{1, 1}},
		{port.HostUnreach, six{1, 3}},
		{port.HostUnreach, six{1, 3}},
	} {
		code := uint8(code)
		assert.Equal(t, want.reason, plan.UnreachReason(code), "3/%d", code)
		typ, code6 := plan.ICMPv6(code)
		assert.Equal(t, want.six, six{typ, code6}, "3/%d", code)
		again, ok := plan.UnreachReason6(typ, code6)
		assert.True(t, ok)
		assert.Equal(t, want.reason, again, "3/%d by way of ICMPv6", code)
	}
	for _, c := range []struct {
		typ, code uint8
		reason    port.Reason
	}{
		{1, 2, port.HostUnreach}, {1, 5, port.AdminProhibited}, {1, 6, port.AdminProhibited}, {1, 7, port.HostUnreach},
		{2, 0, ""}, {3, 0, ""}, {4, 0, ""}, {4, 2, ""}, {128, 0, ""}, {135, 0, ""},
	} {
		got, ok := plan.UnreachReason6(c.typ, c.code)
		assert.Equal(t, c.reason, got, "%d/%d", c.typ, c.code)
		assert.Equal(t, c.reason != "", ok, "%d/%d", c.typ, c.code)
	}
}

func TestPortsByNumber(t *testing.T) {
	p := plan.Practice()
	assert.Equal(t, plan.Echo, p.Target.Port(9001, plan.TCP).Behaviour)
	assert.Equal(t, plan.Closed, p.Target.Port(9002, plan.UDP).Behaviour)
	assert.Equal(t, plan.Port{Number: 4, Proto: plan.UDP, Behaviour: plan.Closed}, p.Target.Port(4, plan.UDP))
}

func TestPortsHaveNames(t *testing.T) {
	for want, p := range map[string]plan.Port{
		"7/tcp echo":                    {Number: 7, Proto: plan.TCP, Behaviour: plan.Echo},
		"53/udp dns":                    {Number: 53, Proto: plan.UDP, Behaviour: plan.DNS},
		"41877/tcp icmp 3/13":           {Number: 41877, Proto: plan.TCP, Behaviour: plan.ICMP, Code: 13},
		"80/tcp echo loses the first 2": {Number: 80, Proto: plan.TCP, Behaviour: plan.Echo, LoseFirst: 2},
		"41877/tcp icmp 3/0 loss 50%":   {Number: 41877, Proto: plan.TCP, Behaviour: plan.ICMP, Loss: 50},
	} {
		assert.Equal(t, want, p.String())
	}
}

// The usual hosts are on one net and differ in every address.
func TestHosts(t *testing.T) {
	p := plan.Practice()
	seen := map[any]bool{}
	net4, net6 := netip.MustParsePrefix("10.77.0.0/24"), netip.MustParsePrefix("fd77::/64")
	for _, h := range []plan.Host{p.Target, p.Neighbour, p.Seat} {
		assert.True(t, net4.Contains(h.Addr), h.Name)
		assert.True(t, net6.Contains(h.Addr6), h.Name)
		mac, err := net.ParseMAC(h.MAC)
		require.NoError(t, err, h.Name)
		assert.EqualValues(t, 2, mac[0]&3, "%s: locally administered, for one host", h.Name)
		for _, a := range []any{h.Name, h.MAC, h.Addr, h.Addr6} {
			assert.False(t, seen[a], a)
			seen[a] = true
		}
	}
	assert.Equal(t, plan.PrefixBits4, net4.Bits())
	assert.Equal(t, plan.PrefixBits6, net6.Bits())
}
