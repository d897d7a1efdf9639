package labtest

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/gopacket"

	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// errOutside says that a test runs where there is no lab.
var errOutside = errors.New("this test needs the lab around it: run it with `make try EX=06_probe` (or whichever exercise it belongs to), or from `make shell`")

// inner is the lab around a test.
type inner interface {
	Plan() plan.Plan
	Captures(ctx context.Context) (labenv.Captures, error)
	Close() error
}

// Lab is the practice lab, as a test in its seat sees it.
type Lab struct {
	// Target is the host whose ports are to be judged, Neighbour one that is
	// out of scope.
	Target, Neighbour netip.Addr

	t     testing.TB
	inner inner
}

// Open returns the lab that the test runs in. Outside of a lab it fails the
// test and says how to run it.
func Open(t testing.TB) *Lab {
	t.Helper()
	in, err := dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Errorf("leave the lab: %v", err)
		}
	})
	p := in.Plan()
	return &Lab{Target: p.Target.Addr, Neighbour: p.Neighbour.Addr, t: t, inner: in}
}

// Trace returns the packets that the target received and sent since the lab
// was started, complete up to the call: nothing needs to be waited for. The
// first packet is the oldest.
func (l *Lab) Trace() []gopacket.Packet {
	l.t.Helper()
	c, err := l.inner.Captures(context.Background())
	if err != nil {
		l.t.Fatalf("the lab's recording: %v", err)
	}
	if !c.Complete {
		l.t.Fatalf("the lab's recording lacks packets: %s", c.Why)
	}
	packets, err := wire.Packets(c.Target, c.Sync)
	if err != nil {
		l.t.Fatalf("the lab's recording: %v", err)
	}
	return packets
}
