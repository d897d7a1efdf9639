package scan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/labtest"
)

// These tests are yours: add what you want to be sure of. They run in the seat
// of the practice lab: make try EX=07_scan. Where probe.go of 06 is still a
// stub, TestPracticePorts fails for that reason.
func TestPracticePorts(t *testing.T) {
	lab := labtest.Open(t)
	opt := Options{Timeout: 300 * time.Millisecond, Workers: 4}
	got, err := Scan(t.Context(), lab.Target, []uint16{9002, 9001}, opt)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, uint16(9001), got[0].Port)
	assert.Equal(t, port.Open, got[0].State)
	assert.Equal(t, uint16(9002), got[1].Port)
	assert.Equal(t, port.Closed, got[1].State)
}

func TestParsePorts(t *testing.T) {
	for spec, want := range map[string][]uint16{
		"80":       {80},
		"80,22,80": {22, 80},
		// TODO: ranges, open ranges, blanks around items.
	} {
		got, err := ParsePorts(spec)
		require.NoError(t, err, spec)
		assert.Equal(t, want, got, spec)
	}
	// TODO: "", "0", "65536", "90-80", "ssh", and what their errors say.
}
