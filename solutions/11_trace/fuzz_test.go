package trace

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
)

// FuzzSegments reads foreign bytes: no panic, and what is returned hangs
// together.
func FuzzSegments(f *testing.F) {
	recordings, err := filepath.Glob("../../testdata/captures/*.pcap*")
	require.NoError(f, err)
	require.NotEmpty(f, recordings)
	for _, path := range recordings {
		file, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := Segments(bytes.NewReader(file))
		for _, s := range all {
			require.GreaterOrEqual(t, s.Payload, 0)
			require.Equal(t, s.Src.Addr().Is4(), s.Dst.Addr().Is4())
		}
		again, errAgain := Segments(iotest.OneByteReader(bytes.NewReader(file)))
		require.Equal(t, all, again)
		require.Equal(t, err == nil, errAgain == nil)

		scanner := netip.MustParseAddr("10.77.0.100")
		results, _ := Verdicts(bytes.NewReader(file), scanner)
		for i, r := range results {
			require.True(t, i == 0 || results[i-1].Port < r.Port)
			require.True(t, r.Reason != port.NoResponse || r.RTT == 0 && r.State == port.Filtered)
		}
	})
}
