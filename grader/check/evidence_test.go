package check_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

var stranger = netip.MustParseAddr("10.77.0.66")

// judged runs a check that holds the verdict got against what the wire says of
// a port with the behaviour. The frames are those that script makes.
func judged(t *testing.T, w *world, b plan.Behaviour, got port.Result, script func(plan.Port) []frame) check.Result {
	t.Helper()
	return w.run(t, func(t *check.T) {
		p := plan.Port{Number: 9003, Proto: plan.TCP, Behaviour: b}
		w.frames = append(w.frames, script(p)...)
		bench := t.Bench(plan.Plan{Target: plan.Host{Addr: plan.TargetAddr, Ports: []plan.Port{p}}, Seat: plan.Host{Addr: plan.SeatAddr}})
		f := bench.Trace().Port(p)
		f.Require(check.Verdict{Said: "Probe said so", Got: got, Want: f.ByConnect(), Waited: "300ms later Probe returned"})
	})
}

func silent(p plan.Port) []frame { return []frame{syn(plan.SeatAddr, p)} }
func rst(p plan.Port) []frame    { return []frame{syn(plan.SeatAddr, p), refused(p)} }
func synAck(p plan.Port) []frame { return []frame{syn(plan.SeatAddr, p), accepted(p)} }

func TestVerdicts(t *testing.T) {
	open := port.Result{State: port.Open, Reason: port.SYNACK}
	closed := port.Result{State: port.Closed, Reason: port.ConnRefused}
	filtered := port.Result{State: port.Filtered, Reason: port.NoResponse}
	for name, c := range map[string]struct {
		behaviour plan.Behaviour
		got       port.Result
		script    func(plan.Port) []frame
		status    check.Status
	}{
		"open, and said so":              {plan.Echo, open, synAck, check.Pass},
		"closed, and said so":            {plan.Closed, closed, rst, check.Pass},
		"filtered, and said so":          {plan.Drop, filtered, silent, check.Pass},
		"filtered, and said to be open":  {plan.Drop, open, silent, check.Fail},
		"closed, for a wrong reason":     {plan.Closed, port.Result{State: port.Closed, Reason: port.NoResponse}, rst, check.Fail},
		"planned open, refused":          {plan.Echo, open, rst, check.Error},
		"planned open, refused, wrong":   {plan.Echo, filtered, rst, check.Error},
		"planned silent, accepted":       {plan.Drop, open, synAck, check.Error},
		"planned closed, silent":         {plan.Closed, filtered, silent, check.Error},
		"planned closed, asked again":    {plan.Closed, closed, func(p plan.Port) []frame { return append(rst(p), rst(p)...) }, check.Pass},
		"planned closed, both refused":   {plan.Closed, open, func(p plan.Port) []frame { return append(rst(p), rst(p)...) }, check.Fail},
		"planned closed, later accepted": {plan.Closed, closed, func(p plan.Port) []frame { return append(rst(p), again(synAck(p))...) }, check.Error},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, &world{}, c.behaviour, c.got, c.script)
			assert.Equal(t, c.status, r.Status, r.Message)
		})
	}
}

// again makes a script's SYN another connection's: with another source port.
func again(frames []frame) []frame {
	for i, f := range frames {
		at := 34 // the source port, behind Ethernet and IPv4
		if f.sent {
			at = 36 // the destination port
		}
		frames[i].data = bytes.Clone(f.data)
		frames[i].data[at+1]++
	}
	return frames
}

// A wrong verdict is shown with the frames that prove it wrong.
func TestWrongVerdictIsShown(t *testing.T) {
	w := &world{frames: []frame{whoHas(plan.SeatAddr, plan.TargetAddr)}}
	r := judged(t, w, plan.Closed, port.Result{State: port.Filtered, Reason: port.NoResponse}, rst)
	assert.Equal(t, check.Fail, r.Status)
	assert.Empty(t, r.Message, "what was said and what was expected say it all")
	assert.Equal(t, "Probe said so", r.Actual)
	assert.Equal(t, "CLOSED (conn-refused)", r.Expected)
	assert.Equal(t, "nothing more: 300ms later Probe returned", r.Aftermath)
	require.Len(t, r.Frames, 2)
	assert.Equal(t, check.Frame{Number: 2, From: "seat", To: "target", Summary: r.Frames[0].Summary}, r.Frames[0])
	assert.Equal(t, check.Frame{Number: 3, TimeMS: 1, From: "target", To: "seat", Summary: r.Frames[1].Summary, Deciding: true}, r.Frames[1])
	assert.Contains(t, r.Frames[0].Summary, "SYN")
	assert.Contains(t, r.Frames[1].Summary, "RST")
}

func TestVerdictWithoutAPacket(t *testing.T) {
	r := judged(t, &world{}, plan.Closed, port.Result{State: port.Closed, Reason: port.ConnRefused}, func(plan.Port) []frame { return nil })
	assert.Equal(t, check.Fail, r.Status)
	assert.Equal(t, "your program gave a verdict on port 9003 without sending it a packet", r.Message)
	assert.Empty(t, r.Frames)
}

// Where the seat itself made wire and plan disagree, that is its doing.
func TestForgedFramesFail(t *testing.T) {
	forged := func(p plan.Port) []frame { return append(silent(p), syn(stranger, p)) }
	r := judged(t, &world{}, plan.Echo, port.Result{}, forged)
	assert.Equal(t, check.Fail, r.Status)
	assert.Equal(t, "your program sent frames under an address that is not its own (frame 2, from 10.77.0.66)", r.Message)
}

func TestEvidenceThatProvesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		doctor func(*labenv.Captures) error
		status check.Status
		says   string
	}{
		"it cannot be had": {func(*labenv.Captures) error { return errLab }, check.Error, "the evidence: the lab burnt down"},
		"the target's is empty": {func(c *labenv.Captures) error { c.Target = nil; return nil }, check.Error,
			wire.ErrNotSynced.Error()},
		"the neighbour's is empty": {func(c *labenv.Captures) error { c.Neighbour = nil; return nil }, check.Error,
			wire.ErrNotSynced.Error()},
		"it is another moment's": {func(c *labenv.Captures) error { c.Sync++; return nil }, check.Error,
			wire.ErrNotSynced.Error()},
		"it is cut short": {func(c *labenv.Captures) error { c.Target = c.Target[:len(c.Target)-3]; return nil }, check.Error,
			wire.ErrMalformed.Error()},
		"it is full": {func(c *labenv.Captures) error { c.Complete, c.Why = false, "64 MiB"; return nil }, check.Fail,
			"your program sent so much that the recording could not keep up (64 MiB)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, &world{doctor: c.doctor}, plan.Closed, port.Result{State: port.Open}, rst)
			assert.Equal(t, c.status, r.Status)
			assert.Contains(t, r.Message, c.says)
		})
	}
}

// Every check that starts a lab holds its program to its scope, whatever else
// it looks at.
func TestScope(t *testing.T) {
	p := plan.Port{Number: 9003, Proto: plan.TCP, Behaviour: plan.Closed}
	for name, c := range map[string]struct {
		frames, neighbour []frame
		status            check.Status
		says              string
		shown             string // the host that the first frame shown went to
	}{
		"nothing":              {nil, nil, check.Pass, "", ""},
		"the target":           {rst(p), nil, check.Pass, "", ""},
		"ARP for the target":   {[]frame{whoHas(plan.SeatAddr, plan.TargetAddr)}, nil, check.Pass, "", ""},
		"the target's own ARP": {[]frame{{sent: true, data: whoHas(plan.TargetAddr, stranger).data}}, nil, check.Pass, "", ""},
		"the neighbour's ARP":  {[]frame{whoHas(plan.NeighbourAddr, plan.SeatAddr)}, nil, check.Pass, "", ""},
		"ARP at the neighbour": {nil, []frame{whoHas(plan.SeatAddr, plan.TargetAddr)}, check.Pass, "", ""},
		"the neighbour": {nil, []frame{syn(plan.SeatAddr, p)}, check.Fail,
			"your program sent packets to 10.77.0.10:9003, a host that is out of scope", "neighbour"},
		"ARP for nobody": {[]frame{whoHas(plan.SeatAddr, stranger)}, nil, check.Fail,
			"your program tried to reach 10.77.0.66, a host that is out of scope", "target"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{frames: c.frames, neighbour: c.neighbour}
			r := w.run(t, func(t *check.T) { t.Bench(t.Draft().Plan()) })
			assert.Equal(t, c.status, r.Status)
			assert.Equal(t, c.says, r.Message)
			if c.shown != "" {
				require.NotEmpty(t, r.Frames)
				assert.Equal(t, c.shown, r.Frames[0].To)
			}
		})
	}
}

// The latest recording of a check is kept, whatever its outcome.
func TestRecordingIsKept(t *testing.T) {
	w := &world{frames: rst(plan.Port{Number: 9003})}
	r := w.run(t, func(t *check.T) {
		b := t.Bench(t.Draft().Plan())
		b.Trace()
		w.frames = append(w.frames, whoHas(plan.SeatAddr, plan.TargetAddr))
		b.Trace()
		t.Failf("no")
	})
	assert.Equal(t, check.Fail, r.Status)
	assert.Equal(t, "exercise/the-check.pcapng", r.Capture)
	assert.Equal(t, record(w.frames), w.kept["the-check"])

	r = (&world{keepErr: errLab}).run(t, func(t *check.T) { t.Bench(t.Draft().Plan()).Trace() })
	assert.Equal(t, check.Error, r.Status)
	assert.Equal(t, "keep the recording: the lab burnt down", r.Message)
}

// What the lab cannot do is nobody's mistake.
func TestLabThatFails(t *testing.T) {
	start := func(t *check.T) { t.Bench(t.Draft().Plan()) }
	for says, w := range map[string]*world{
		"start a lab: the lab burnt down":                 {labErr: errLab},
		"start the learner's program: the lab burnt down": {startErr: errLab},
		"the lab burnt down":                              {closeErr: errLab},
	} {
		r := w.run(t, start)
		assert.Equal(t, check.Error, r.Status, says)
		assert.Equal(t, says, r.Message)
		assert.Equal(t, len(w.plans), w.closed, "every lab is closed: %s", says)
	}
}

// Among several labs in one check all are closed, though one cannot be.
func TestEveryLabIsClosed(t *testing.T) {
	w := &world{closeErr: errors.New("stuck")}
	r := w.run(t, func(t *check.T) {
		t.Bench(t.Draft().Plan())
		t.Bench(t.Draft().Plan())
		t.Failf("wrong answer")
	})
	assert.Equal(t, check.Error, r.Status)
	assert.Equal(t, 2, w.closed)
}
