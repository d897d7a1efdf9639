package pin

import (
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	scan "wirelab/exercises/07_scan"
	"wirelab/exercises/port"
	"wirelab/labenv/labtest"
)

// options give a silent port three tenths of a second, and every port a worker
// of its own, so that all silence is waited for together.
var options = scan.Options{Timeout: 300 * time.Millisecond, Workers: 9}

// verdict is as much of a result as a test can know beforehand.
type verdict struct {
	Port  uint16
	State port.State
}

// table is the lab's, written down by hand: a test that works out what it
// expects makes the same mistakes as the code that it tests.
var table = []verdict{
	{9001, port.Open},     // echoes
	{9002, port.Closed},   // refuses
	{9003, port.Filtered}, // silent
	{9004, port.Filtered}, // ICMP: administratively prohibited
	{9005, port.Filtered}, // ICMP: host unreachable
	{9006, port.Open},     // waits for the client to begin
	{9007, port.Open},     // accepts and hangs up
	{9008, port.Open},     // accepts and resets
	{9009, port.Closed},   // refuses
}

// TestVerdicts asks in another order than that of the table, and wants the
// table: each port, each once, sorted, with its state, and no error.
func TestVerdicts(t *testing.T) {
	lab := labtest.Open(t)
	ports := []uint16{9005, 9001, 9009, 9003, 9007, 9002, 9008, 9004, 9006}
	results, err := scan.Scan(t.Context(), lab.Target, ports, options)
	require.NoError(t, err)
	var got []verdict
	for _, r := range results {
		got = append(got, verdict{r.Port, r.State})
	}
	assert.Equal(t, table, got)
}

// TestPackets holds that verdicts come from the wire: an OPEN port answered
// with SYN-ACK and a CLOSED one with RST, each from the port and the host that
// was asked.
func TestPackets(t *testing.T) {
	lab := labtest.Open(t)
	_, err := scan.Scan(t.Context(), lab.Target, []uint16{9001, 9002}, options)
	require.NoError(t, err)

	trace := lab.Trace()
	assert.True(t, answered(trace, 9001, func(s *layers.TCP) bool { return s.SYN && s.ACK }),
		"9001 sent no SYN-ACK: what it was said to be OPEN for cannot have happened")
	assert.True(t, answered(trace, 9002, func(s *layers.TCP) bool { return s.RST }),
		"9002 sent no RST: what it was said to be CLOSED for cannot have happened")
}

// answered tells whether a port sent a segment of a kind. An empty trace holds
// none, and so proves nothing.
func answered(trace []gopacket.Packet, from layers.TCPPort, kind func(*layers.TCP) bool) bool {
	for _, p := range trace {
		segment, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if ok && segment.SrcPort == from && kind(segment) {
			return true
		}
	}
	return false
}
