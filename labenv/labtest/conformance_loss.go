package labtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
)

// A port that loses its first two packets answers the third SYN: by the number
// of packets, and not by chance (tcp(7): connect repeats its SYN every second).
func (s suite) firstLost(t *testing.T) {
	d := plan.New(9)
	ports := map[string]plan.Port{
		"":             d.Port(plan.Echo, plan.WithLoseFirst(2)),
		"ECONNREFUSED": d.Port(plan.Reset, plan.WithLoseFirst(2)),
	}
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	for errno, p := range ports {
		assert.Equal(t, errno, prog.dial(t, patience, b.target(p))[0].Err, p)
		trace, _ := b.traces(t)
		talks := trace.To(p.Number)
		require.Len(t, talks, 1, p)
		assert.Equal(t, p.LoseFirst+1, talks[0].SYNs, p)
	}
}

// A port that forges is silent to connect(2), over both families, though the
// host sends a SYN-ACK and a RST from it, and an ICMP error about it.
func (s suite) forgeries(t *testing.T) {
	d := plan.New(10)
	p := d.Port(plan.Forge)
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	for _, a := range b.families() {
		require.Equal(t, orders.Timeout, prog.dial(t, soon, address(a, p))[0].Err, a)
	}
	trace, _ := b.traces(t)
	for _, a := range b.families() {
		var accepts, refuses, complains, strange int
		for _, f := range trace.Frames {
			switch {
			case !f.Sent:
			case f.Unreach != nil && f.Unreach.Quoted.Dst.Addr() == a && f.Unreach.Quoted.Dst.Port() == p.Number:
				complains++
			case f.TCP == nil || f.Src.Port() != p.Number || f.Src.Addr().Is4() != a.Is4():
			case f.TCP.Damaged:
				t.Errorf("frame %d is damaged: nobody would look at it", f.Number)
			case f.Src.Addr() != a:
				strange++
			case f.TCP.RST:
				refuses++
			default:
				accepts++
			}
		}
		assert.Positive(t, accepts, a) // one for each SYN that connect(2) sends
		assert.Equal(t, []int{accepts, accepts, accepts}, []int{refuses, complains, strange}, a)
	}
}
