package halfopen

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/labtest"
)

// This test is yours: add the ports and the options that you want to be sure
// of. It runs in the seat of the practice lab, where raw sockets are allowed:
// make try EX=14_halfopen.
func TestPracticePorts(t *testing.T) {
	lab := labtest.Open(t)
	opt := Options{Timeout: 300 * time.Millisecond, Retries: 1}
	got, err := Scan(t.Context(), lab.Target, []uint16{9002, 9001}, opt)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, uint16(9001), got[0].Port)
	assert.Equal(t, port.Open, got[0].State)
	assert.Equal(t, uint16(9002), got[1].Port)
	assert.Equal(t, port.Closed, got[1].State)
	assert.Equal(t, port.Reset, got[1].Reason, "connect(2) could not tell you this")
}
