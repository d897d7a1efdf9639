package check_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/exercises/port"
	"wirelab/grader/check"
)

func result(s port.State, r port.Reason) port.Result { return port.Result{State: s, Reason: r} }

// What connect(2) tells is an errno, and several packets share one: whoever
// uses it may give any of the reasons that the errno stands for, and no other.
func TestWhatConnectCanKnow(t *testing.T) {
	for _, c := range []struct {
		wire   check.Finding
		right  []port.Result
		wrong  []port.Result
		reads  string
		reason string
	}{
		{
			check.Finding{State: port.Open, Reason: port.SYNACK},
			[]port.Result{result(port.Open, port.SYNACK)},
			[]port.Result{result(port.Open, ""), result(port.Closed, port.SYNACK), {}},
			"OPEN (syn-ack)", "accepted",
		},
		{
			check.Finding{State: port.Closed, Reason: port.Reset},
			[]port.Result{result(port.Closed, port.ConnRefused)},
			[]port.Result{result(port.Closed, port.Reset), result(port.Filtered, port.ConnRefused)},
			"CLOSED (conn-refused)", "a RST",
		},
		{
			check.Finding{State: port.Filtered, Reason: port.PortUnreach},
			[]port.Result{result(port.Closed, port.ConnRefused), result(port.Closed, port.PortUnreach)},
			[]port.Result{result(port.Filtered, port.PortUnreach), result(port.Closed, port.HostUnreach)},
			"CLOSED (conn-refused or port-unreach)", "ICMP 3/3",
		},
		{
			check.Finding{State: port.Filtered, Reason: port.AdminProhibited},
			[]port.Result{result(port.Filtered, port.AdminProhibited), result(port.Filtered, port.HostUnreach), result(port.Filtered, port.NetUnreach)},
			[]port.Result{result(port.Filtered, port.NoResponse), result(port.Closed, port.AdminProhibited)},
			"FILTERED (admin-prohibited or host-unreach or net-unreach)", "ICMP 3/13",
		},
		{
			check.Finding{State: port.Filtered, Reason: port.HostUnreach},
			[]port.Result{result(port.Filtered, port.HostUnreach)},
			[]port.Result{result(port.Filtered, port.AdminProhibited), result(port.Filtered, port.NetUnreach)},
			"FILTERED (host-unreach)", "ICMP 3/1",
		},
		{
			check.Finding{State: port.Filtered, Reason: port.NoResponse},
			[]port.Result{result(port.Filtered, port.NoResponse)},
			[]port.Result{result(port.Filtered, port.HostUnreach), result(port.Closed, port.NoResponse)},
			"FILTERED (no-response)", "silence",
		},
	} {
		want := c.wire.ByConnect()
		assert.Equal(t, c.reads, want.String(), c.reason)
		for _, r := range c.right {
			assert.True(t, want.Allows(r), "%s: %v", c.reason, r)
		}
		for _, r := range c.wrong {
			assert.False(t, want.Allows(r), "%s: %v", c.reason, r)
		}
	}
}
