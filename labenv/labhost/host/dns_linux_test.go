package host_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"wirelab/labenv/plan"
)

// resolver asks the lab's DNS server over the given transport only.
func resolver(network string, addr netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, netip.AddrPortFrom(addr, 53).String())
	}}
}

func TestDNS(t *testing.T) {
	play(t, tcp(53, plan.DNS), udp(53, plan.DNS))
	for _, network := range []string{"udp", "tcp"} {
		for name, addr := range families {
			r := resolver(network, addr)
			got, err := r.LookupNetIP(t.Context(), "ip4", "target.lab.test.")
			require.NoError(t, err, name)
			assert.Equal(t, []netip.Addr{plan.TargetAddr}, got)
			got, err = r.LookupNetIP(t.Context(), "ip6", "NEIGHBOUR.lab.test.")
			require.NoError(t, err)
			assert.Equal(t, []netip.Addr{plan.NeighbourAddr6}, got)
			got, err = r.LookupNetIP(t.Context(), "ip", "seat.lab.test.")
			require.NoError(t, err)
			assert.ElementsMatch(t, []netip.Addr{plan.SeatAddr, plan.SeatAddr6}, got)
			for _, a := range []netip.Addr{plan.TargetAddr, plan.TargetAddr6} {
				names, err := r.LookupAddr(t.Context(), a.String())
				require.NoError(t, err)
				assert.Equal(t, []string{"target.lab.test."}, names)
			}
			for _, unknown := range []string{"nobody.lab.test.", "example.com.", "test."} {
				_, err := r.LookupNetIP(t.Context(), "ip", unknown)
				var dnsErr *net.DNSError
				require.ErrorAs(t, err, &dnsErr)
				assert.True(t, dnsErr.IsNotFound, unknown)
			}
		}
	}
}

// Names of a plan's own: several addresses, disguised ones, none, and those that
// change, each type of question by itself.
func TestDNSNames(t *testing.T) {
	disguised := netip.AddrFrom16(plan.NeighbourAddr.As16())
	playNames(t, []plan.Name{
		{Name: "both.lab.test", Addrs: []netip.Addr{plan.TargetAddr, plan.NeighbourAddr, plan.NeighbourAddr6}},
		{Name: "disguised.lab.test", Addrs: []netip.Addr{disguised}},
		{Name: "none.lab.test"},
		{Name: "fickle.lab.test", Addrs: []netip.Addr{plan.TargetAddr, plan.TargetAddr6}, Later: []netip.Addr{plan.NeighbourAddr}},
	}, udp(53, plan.DNS))
	r := resolver("udp", plan.TargetAddr)
	for _, c := range []struct {
		name, network string
		want          []netip.Addr
	}{
		{"both.lab.test.", "ip", []netip.Addr{plan.TargetAddr, plan.NeighbourAddr, plan.NeighbourAddr6}},
		{"disguised.lab.test.", "ip6", nil},
		{"none.lab.test.", "ip", nil},
		{"fickle.lab.test.", "ip4", []netip.Addr{plan.TargetAddr}},
		{"fickle.lab.test.", "ip4", []netip.Addr{plan.NeighbourAddr}},
		{"fickle.lab.test.", "ip6", []netip.Addr{plan.TargetAddr6}},
		{"fickle.lab.test.", "ip", []netip.Addr{plan.NeighbourAddr}},
	} {
		got, err := r.LookupNetIP(t.Context(), c.network, c.name)
		if c.want == nil {
			require.Error(t, err, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		assert.ElementsMatch(t, c.want, got, c.name)
	}
	got, err := r.LookupNetIP(t.Context(), "ip", "disguised.lab.test.")
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, plan.NeighbourAddr, got[0].Unmap())
}

// Codes that a resolver's caller cannot tell apart.
func TestDNSCodes(t *testing.T) {
	play(t, udp(53, plan.DNS))
	name := dnsmessage.MustNewName("target.lab.test.")
	question := dnsmessage.Question{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	for title, c := range map[string]struct {
		query   dnsmessage.Message
		rcode   dnsmessage.RCode
		answers int
	}{
		"a question":         {dnsmessage.Message{Questions: []dnsmessage.Question{question}}, dnsmessage.RCodeSuccess, 1},
		"no question":        {dnsmessage.Message{}, dnsmessage.RCodeFormatError, 0},
		"two questions":      {dnsmessage.Message{Questions: []dnsmessage.Question{question, question}}, dnsmessage.RCodeFormatError, 0},
		"an update":          {dnsmessage.Message{Header: dnsmessage.Header{OpCode: 5}, Questions: []dnsmessage.Question{question}}, dnsmessage.RCodeNotImplemented, 0},
		"another class":      {dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassCHAOS}}}, dnsmessage.RCodeNameError, 0},
		"a type it has none": {dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET}}}, dnsmessage.RCodeSuccess, 0},
	} {
		c.query.ID = 4711
		packed, err := c.query.Pack()
		require.NoError(t, err)
		var reply dnsmessage.Message
		require.NoError(t, reply.Unpack([]byte(ask(t, plan.TargetAddr, 53, string(packed)))), title)
		assert.Equal(t, c.rcode, reply.RCode, title)
		assert.Len(t, reply.Answers, c.answers, title)
		assert.EqualValues(t, 4711, reply.ID, title)
		assert.True(t, reply.Response && reply.Authoritative, title)
	}
}
