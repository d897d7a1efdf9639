package capture

import (
	"testing"

	"github.com/stretchr/testify/require"

	"wirelab/labenv/labhost/capture/nstest"
	"wirelab/labenv/plan"
)

// Without its ring a capture works too, until the first burst: so that nobody
// notices the loss of it only then, this looks.
func TestRingTakesOver(t *testing.T) {
	ns := nstest.NewLAN(t).Host(t, plan.Practice().Target)
	c, err := Start(ns, nstest.Interface)
	require.NoError(t, err)
	<-c.settled
	require.NoError(t, c.ringErr)
	require.NoError(t, c.Close())
}
