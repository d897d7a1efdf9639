package draft

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/labtest"
)

// This is the test that came with the draft. It passes: make try EX=16_draft.
// What would it take to make it fail?
func TestScan(t *testing.T) {
	lab := labtest.Open(t)
	got, err := Scan(t.Context(), lab.Target, []uint16{9001}, Options{Timeout: time.Second, Workers: 10})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, port.Open, got[0].State)
}
