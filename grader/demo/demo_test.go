package demo_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/demo"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Scanner, wire and plan agree. connect(2) knows less of some packets than the
// wire shows, and that is no disagreement.
func TestAgreement(t *testing.T) {
	d := demo.Judge(small(), results(), recorded())

	assert.True(t, d.Sound())
	golden(t, "agreement", d)
}

// Each row is wrong in a way of its own, but for the one of port 9001.
func TestDisagreement(t *testing.T) {
	said := results()
	said[1].State, said[1].Reason = port.Filtered, port.NoResponse // 9002: it was refused
	said = append(said[:3:3], said[4:]...)                         // 9004: no verdict
	p := small()
	for i, q := range p.Target.Ports {
		if q.Number == 9003 {
			p.Target.Ports[i].Behaviour = plan.Echo // the wire shows silence
		}
	}
	p.Target.Ports = append(p.Target.Ports, plan.Port{Number: 9005, Proto: plan.TCP, Behaviour: plan.Closed})
	said = append(said, port.Result{Port: 9005, State: port.Closed, Reason: port.ConnRefused}) // it was not asked

	d := demo.Judge(p, said, recorded())

	assert.False(t, d.Sound())
	golden(t, "disagreement", d)
}

// A port that changes its mind is not what the plan says, whichever of its
// answers came first.
func TestEveryConversationCounts(t *testing.T) {
	trace := recorded()
	trace.Frames = append(trace.Frames, conversation(20, 50002, 9001, refusal)...)

	d := demo.Judge(small(), results(), trace)

	assert.False(t, d.Sound())
	assert.Equal(t, "#21 RST-ACK, 0.080 ms after the SYN", d.Rows[0].Frame)
	assert.Equal(t, "the plan says OPEN (syn-ack), the wire shows CLOSED (reset)", d.Rows[0].Wrong)
}

// golden holds what newcomers see against testdata/name.golden.
func golden(t *testing.T, name string, d demo.Demo) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(d.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test -update writes it")
	assert.Equal(t, string(want), d.String())
}

// small is the practice lab with one port of each kind, in no order.
func small() plan.Plan {
	p := plan.Practice()
	p.Target.Ports = []plan.Port{
		{Number: 9004, Proto: plan.TCP, Behaviour: plan.ICMP, Code: 13},
		{Number: 9001, Proto: plan.TCP, Behaviour: plan.Echo},
		{Number: 9001, Proto: plan.UDP, Behaviour: plan.Echo},
		{Number: 9003, Proto: plan.TCP, Behaviour: plan.Drop},
		{Number: 9002, Proto: plan.TCP, Behaviour: plan.Closed},
	}
	return p
}

// results are what a scanner that uses connect(2) says of them.
func results() []port.Result {
	return []port.Result{
		{Port: 9001, State: port.Open, Reason: port.SYNACK, RTT: time.Millisecond},
		{Port: 9002, State: port.Closed, Reason: port.ConnRefused, RTT: time.Millisecond},
		{Port: 9003, State: port.Filtered, Reason: port.NoResponse},
		{Port: 9004, State: port.Filtered, Reason: port.HostUnreach, RTT: time.Millisecond},
	}
}

// recorded is what the target then received and sent.
func recorded() *wire.Trace {
	var t wire.Trace
	for i, answer := range []func(*wire.Frame){acceptance, refusal, nil, prohibition} {
		t.Frames = append(t.Frames, conversation(3+2*i, 50001, uint16(9001+i), answer)...)
	}
	return &t
}

// conversation is a SYN, whose frame has the number first, and the answer to
// it; nil is none.
func conversation(first int, from, to uint16, answer func(*wire.Frame)) []wire.Frame {
	seat, target := netip.AddrPortFrom(plan.SeatAddr, from), netip.AddrPortFrom(plan.TargetAddr, to)
	start := time.Unix(0, 0).Add(time.Duration(first) * time.Millisecond)
	seq := uint32(first)
	syn := wire.Frame{Number: first, Time: start, Src: seat, Dst: target, Protocol: wire.ProtoTCP, TCP: &wire.TCP{SYN: true, Seq: seq}}
	if answer == nil {
		return []wire.Frame{syn}
	}
	back := wire.Frame{Number: first + 1, Time: start.Add(80 * time.Microsecond), Sent: true, Src: target, Dst: seat, Protocol: wire.ProtoTCP}
	back.TCP = &wire.TCP{ACK: true, Ack: seq + 1}
	answer(&back)
	return []wire.Frame{syn, back}
}

func acceptance(f *wire.Frame) { f.TCP.SYN = true }

func refusal(f *wire.Frame) { f.TCP.RST = true }

// prohibition is an ICMP error in the place of the segment.
func prohibition(f *wire.Frame) {
	quoted := wire.Quote{Protocol: wire.ProtoTCP, Src: f.Dst, Dst: f.Src, Seq: f.TCP.Ack - 1}
	f.Src, f.Dst = netip.AddrPortFrom(f.Src.Addr(), 0), netip.AddrPortFrom(f.Dst.Addr(), 0)
	f.TCP, f.Protocol, f.ICMP = nil, wire.ProtoICMP, &wire.ICMP{Type: 3, Code: 13}
	f.Unreach = &wire.Unreach{Type: 3, Code: 13, Reason: port.AdminProhibited, Quoted: quoted}
}
