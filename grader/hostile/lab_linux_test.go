package hostile_test

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// lab starts a lab that ends with the test.
func (k *kit) lab(t *testing.T, p plan.Plan, guards ...sandbox.Guard) labenv.Lab {
	t.Helper()
	l, err := k.maker(guards...)(t.Context(), p)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// patient is the time for what must succeed, however busy the machine is.
const patient = time.Minute

// seated starts a program with the exercise's driver in a lab's seat.
func seated(t *testing.T, l labenv.Lab, program *os.File) *drive.Driver {
	t.Helper()
	p, err := l.Start(t.Context(), labenv.Program{Exe: program})
	require.NoError(t, err)
	d, err := drive.Start(t.Context(), p, drive.Limits{Start: patient, Call: patient})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

// call has the program probe a port of the target's.
func call(t *testing.T, d *drive.Driver, p plan.Port) {
	t.Helper()
	require.NoError(t, ask(t.Context(), d, p))
}

func ask(ctx context.Context, d *drive.Driver, p plan.Port) error {
	_, err := d.Call(ctx, "Probe", netip.AddrPortFrom(plan.TargetAddr, p.Number), patient)
	return err
}
