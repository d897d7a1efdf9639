package check_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/labenv/plan"
)

// damaged is a SYN whose checksum no host accepts.
func damaged(p plan.Port) frame {
	const checksum = 14 + 20 + 16
	f := syn(plan.SeatAddr, p)
	f.data[checksum] ^= 0xff
	return f
}

// A port that was asked several times has the verdict of the first answer, and
// a contradiction of the plan's is nobody's fault but the lab's.
func TestTries(t *testing.T) {
	each := func(fs ...[]frame) func(plan.Port) []frame {
		return func(plan.Port) []frame {
			var all []frame
			for _, f := range fs {
				all = append(all, f...)
			}
			return all
		}
	}
	p := func(b plan.Behaviour, loss int) plan.Port {
		return plan.Port{Number: 9003, Proto: plan.TCP, Behaviour: b, Loss: loss}
	}
	closed, lossy, open, silentPort := p(plan.Closed, 0), p(plan.Closed, 20), p(plan.Echo, 0), p(plan.Drop, 0)
	for name, c := range map[string]struct {
		port   plan.Port
		script func(plan.Port) []frame
		status check.Status
		state  port.State
		syns   int
	}{
		"asked once":                        {closed, rst, check.Pass, port.Closed, 1},
		"never asked":                       {closed, each(), check.Pass, "", 0},
		"silent, as planned":                {silentPort, silent, check.Pass, port.Filtered, 1},
		"lost, and then answered":           {lossy, each(silent(lossy), rst(lossy)), check.Pass, port.Closed, 2},
		"lost for good":                     {lossy, silent, check.Pass, port.Filtered, 1},
		"silent, though nothing is lost":    {closed, silent, check.Error, "", 0},
		"answered otherwise":                {open, rst, check.Error, "", 0},
		"answered otherwise, once of twice": {lossy, each(rst(lossy), again(synAck(lossy))), check.Error, "", 0},
		"damaged":                           {closed, each([]frame{damaged(closed)}), check.Fail, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{frames: c.script(c.port)}
			var f check.Finding
			r := w.run(t, func(t *check.T) {
				bench := t.Bench(plan.Plan{Target: plan.Host{Addr: plan.TargetAddr, Ports: []plan.Port{c.port}}, Seat: plan.Host{Addr: plan.SeatAddr}})
				f = bench.Trace().Tries(c.port)
			})
			assert.Equal(t, c.status, r.Status, r.Message)
			assert.Equal(t, c.state, f.State)
			assert.Equal(t, c.syns, f.SYNs())
			if c.status == check.Pass {
				assert.Equal(t, check.Want{State: f.State, Reasons: []port.Reason{f.Reason}}, f.ByWire())
			}
			if c.status == check.Fail {
				assert.Contains(t, r.Message, "wrong TCP checksum")
				assert.NotEmpty(t, r.Frames, "the frame is shown")
			}
		})
	}
}
