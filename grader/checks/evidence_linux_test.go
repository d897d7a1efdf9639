package checks_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/checks"
	"wirelab/grader/exercise"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// doctored is a lab whose evidence, or whose truth, is not what it was.
type doctored struct {
	labenv.Lab
	truth    plan.Plan
	captures func(labenv.Captures) (labenv.Captures, error)
}

func (d doctored) Plan() plan.Plan { return d.truth }

func (d doctored) Captures(ctx context.Context) (labenv.Captures, error) {
	c, err := d.Lab.Captures(ctx)
	if err != nil || d.captures == nil {
		return c, err
	}
	return d.captures(c)
}

// emptied are the ways in which recordings can come to prove nothing.
var emptied = map[string]func(labenv.Captures) (labenv.Captures, error){
	"empty": func(c labenv.Captures) (labenv.Captures, error) {
		c.Target, c.Neighbour = nil, nil
		return c, nil
	},
	"without synchronisation": func(c labenv.Captures) (labenv.Captures, error) {
		var errs [2]error
		c.Target, errs[0] = unsynchronised(c.Target)
		c.Neighbour, errs[1] = unsynchronised(c.Neighbour)
		return c, errors.Join(errs[:]...)
	},
	"another moment's": func(c labenv.Captures) (labenv.Captures, error) {
		c.Sync++
		return c, nil
	},
	"the neighbour's cut short": func(c labenv.Captures) (labenv.Captures, error) {
		c.Neighbour = c.Neighbour[:len(c.Neighbour)-1]
		return c, nil
	},
}

// unsynchronised takes the synchronisation frames out of a recording.
func unsynchronised(pcapng []byte) ([]byte, error) {
	in, err := pcapgo.NewNgReader(bytes.NewReader(pcapng), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out, err := wire.NewWriter(&b)
	if err != nil {
		return nil, err
	}
	for {
		data, info, err := in.ReadPacketData()
		if errors.Is(err, io.EOF) {
			err := out.Flush()
			return b.Bytes(), err
		}
		if err != nil {
			return nil, err
		}
		if len(data) > 14 && binary.BigEndian.Uint16(data[12:]) == wire.SyncEtherType {
			continue
		}
		if err := out.WriteFrame(info.Timestamp, info.InterfaceIndex == 1, data, info.Length); err != nil {
			return nil, err
		}
	}
}

// whole is the way that every exercise's checks are tried with. That a check
// looks at the evidence at all, one way shows; the others are about how evidence
// is judged, which is the same for all, and one exercise will do.
const (
	whole  = "empty"
	sample = "06_probe"
)

// Without sound evidence nobody is blamed, and nobody earns points.
func TestEmptiedCapturesEndInError(t *testing.T) {
	for name, empty := range emptied {
		lab := func(ctx context.Context, p plan.Plan) (labenv.Lab, error) {
			l, err := buildtest.Lab()(ctx, p)
			if err != nil {
				return nil, err
			}
			return doctored{Lab: l, truth: l.Plan(), captures: empty}, nil
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exercises := manifests(t)
			if name != whole {
				exercises = slices.DeleteFunc(exercises, func(m exercise.Manifest) bool { return m.ID != sample })
			}
			requireErrors(t, exercises, lab, check.Packets, "the evidence")
		})
	}
}

// requireErrors holds that with lab every check of at least the given kind of
// evidence ends in error, for the reason given. It returns the other results.
func requireErrors(t *testing.T, exercises []exercise.Manifest, lab labenv.Maker, least check.Evidence, reason string) []check.Result {
	var others []check.Result
	held := map[uintptr]bool{} // a check that exercises share is held once
	for _, m := range exercises {
		var fresh []check.Spec
		var ids []string
		for _, s := range checks.For(m.ID) {
			if f := reflect.ValueOf(s.Run).Pointer(); !held[f] {
				held[f] = true
				fresh, ids = append(fresh, s), append(ids, s.ID)
			}
		}
		results := run(t, m, referenceProgram(t, m), reference(t, m.ID), lab, ids...)
		for _, s := range fresh {
			r := results[s.ID]
			if s.Evidence < least {
				others = append(others, r)
				continue
			}
			assert.Equal(t, check.Error, r.Status, "%s/%s: %s", m.ID, s.ID, r.Message)
			assert.Contains(t, r.Message, reason, "%s/%s", m.ID, s.ID)
			assert.Zero(t, r.Points, "%s/%s", m.ID, s.ID)
		}
	}
	return others
}

// flip makes every port behave unlike what the plan says. Of the ports that
// are closed the first few are enough: a lab has no room for 10,000 listeners.
// DNS stays: it is how a program finds its way, and nothing that is judged.
func flip(p plan.Plan) plan.Plan {
	const listeners = 200
	flipped := p
	flipped.Target.Ports = nil
	for _, q := range p.Target.Ports {
		switch {
		case q.Behaviour == plan.DNS:
		case q.Behaviour.Accepts(), q.Behaviour == plan.Drop:
			q.Behaviour = plan.Closed
		case q.Behaviour == plan.ICMP:
			q.Behaviour = plan.Drop
		case len(flipped.Target.Ports) < listeners:
			q.Behaviour = plan.Echo
		}
		flipped.Target.Ports = append(flipped.Target.Ports, q)
	}
	return flipped
}

// Where the wire contradicts the plan, the reference's verdicts are wrong by
// the plan and right by the wire: that is an error, not a fail. A check that
// claims to look at less passes, or its kind of evidence is understated.
func TestFlippedTruthEndsInError(t *testing.T) {
	t.Parallel()
	lab := func(ctx context.Context, p plan.Plan) (labenv.Lab, error) {
		l, err := buildtest.Lab()(ctx, flip(p))
		if err != nil {
			return nil, err
		}
		return doctored{Lab: l, truth: p}, nil
	}
	others := requireErrors(t, manifests(t), lab, check.Verdicts, "the plan says that port")
	require.NotEmpty(t, others)
	for _, r := range others {
		assert.Equal(t, check.Pass, r.Status, "%s: %s", r.ID, r.Message)
	}
}
