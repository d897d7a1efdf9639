package wire_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestReadingOfLinux reads what Linux 6.18 answered with nftables rules for
// each behaviour: 9001 accepts, 9002 is closed, 9003 drops, 9004 rejects with
// admin-prohibited, 9005 with host-unreachable (IPv4 only), 9006 with a RST.
// The reading was compared with tshark's. Run with -update after a change of
// words, and look at the difference.
func TestReadingOfLinux(t *testing.T) {
	const golden = "testdata/linux.golden"
	pcapng, err := os.ReadFile("testdata/linux.pcapng")
	require.NoError(t, err)
	trace, err := wire.Read(pcapng, nonce)
	require.NoError(t, err)
	got := reading(trace)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// reading writes out frames and verdicts, a line each.
func reading(trace *wire.Trace) string {
	var b strings.Builder
	for _, f := range trace.Frames {
		direction, noise := "received", ""
		if f.Sent {
			direction = "sent    "
		}
		if f.Noise() {
			noise = ", noise"
		}
		fmt.Fprintf(&b, "%2d %s %v -> %v %s%s\n", f.Number, direction, f.Src, f.Dst, f.Summary(), noise)
	}
	b.WriteString("\n")
	for _, c := range trace.Conversations() {
		state, reason, frame := c.Verdict()
		fmt.Fprintf(&b, "%v %s (%s)", c.Host, state, reason)
		if frame != nil {
			fmt.Fprintf(&b, " by frame %d after %v", frame.Number, c.RTT())
		}
		_, ended := c.Ended()
		fmt.Fprintf(&b, ", ended: %t\n", ended)
	}
	return b.String()
}
