package probe_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	probe "wirelab/solutions/06_probe"
)

// patience is longer than any answer on loopback takes.
const patience = 5 * time.Second

// listen returns a loopback listener on a port that the kernel chose, and its
// address.
func listen(t *testing.T) (net.Listener, netip.AddrPort) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l, netip.MustParseAddrPort(l.Addr().String())
}

func TestProbeOpen(t *testing.T) {
	_, addr := listen(t)
	got, err := probe.Probe(t.Context(), addr, patience)
	require.NoError(t, err)
	assert.Equal(t, port.Open, got.State)
	assert.Equal(t, port.SYNACK, got.Reason)
	assert.Equal(t, addr.Port(), got.Port)
	assert.Positive(t, got.RTT)
}

func TestProbeHangsUp(t *testing.T) {
	l, addr := listen(t)
	_, err := probe.Probe(t.Context(), addr, patience)
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	n, err := conn.Read(make([]byte, 1))
	assert.Zero(t, n)
	assert.Error(t, err, "the prober still holds the connection open")
}

func TestProbeClosed(t *testing.T) {
	l, addr := listen(t)
	require.NoError(t, l.Close())
	got, err := probe.Probe(t.Context(), addr, patience)
	require.NoError(t, err)
	assert.Equal(t, port.Closed, got.State)
	assert.Equal(t, port.ConnRefused, got.Reason)
	assert.Positive(t, got.RTT)
}

func TestProbeMappedAddressIsIPv4(t *testing.T) {
	_, addr := listen(t)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(addr.Addr().As16()), addr.Port())
	got, err := probe.Probe(t.Context(), mapped, patience)
	require.NoError(t, err)
	assert.Equal(t, port.Open, got.State)
}

func TestProbeRefusesNonsense(t *testing.T) {
	good := netip.MustParseAddrPort("127.0.0.1:9")
	for name, c := range map[string]struct {
		target  netip.AddrPort
		timeout time.Duration
	}{
		"no address":       {netip.AddrPort{}, patience},
		"port 0":           {netip.AddrPortFrom(good.Addr(), 0), patience},
		"no timeout":       {good, 0},
		"negative timeout": {good, -time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := probe.Probe(t.Context(), c.target, c.timeout)
			require.Error(t, err)
			assert.Zero(t, got)
		})
	}
}
