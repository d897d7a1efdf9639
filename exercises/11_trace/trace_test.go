package trace

import (
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
)

// recording is what the target of a lab recorded while it was scanned. Open it
// in Wireshark, or with tcpdump -r: it is what your code reads.
const recording = "../../testdata/captures/connect4.pcap"

// These tests are yours: add what you want to be sure of. They need no lab, but
// run in one as well: make try EX=11_trace.
func TestSegments(t *testing.T) {
	f, err := os.Open(recording)
	require.NoError(t, err)
	defer f.Close()
	all, err := Segments(f)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	assert.True(t, all[0].SYN)
	assert.False(t, all[0].ACK)
	assert.Zero(t, all[0].Payload)
	// TODO: all[0].Time, to the nanosecond: tcpdump -ttttt --nano -r shows it.
}

func TestVerdicts(t *testing.T) {
	f, err := os.Open(recording)
	require.NoError(t, err)
	defer f.Close()
	all, err := Verdicts(f, netip.MustParseAddr("10.77.0.100"))
	require.NoError(t, err)
	states := map[port.State]int{}
	for _, r := range all {
		states[r.State]++
	}
	assert.Equal(t, map[port.State]int{port.Open: 8, port.Closed: 4, port.Filtered: 6}, states)
}
