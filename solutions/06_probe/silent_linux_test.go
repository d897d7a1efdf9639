package probe_test

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	probe "wirelab/solutions/06_probe"
)

// A backlog of 0 has one slot. Once it is taken, Linux drops further SYNs
// silently (listen(2)), which makes a silent port without a packet filter.
func TestProbeSilent(t *testing.T) {
	addr := full(t)
	const timeout = 200 * time.Millisecond
	start := time.Now()
	got, err := probe.Probe(t.Context(), addr, timeout)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), timeout)
	assert.Equal(t, port.Result{Port: addr.Port(), State: port.Filtered, Reason: port.NoResponse}, got)
}

func TestProbeDeadlineOfTheCallerIsAnError(t *testing.T) {
	addr := full(t)
	for range 20 { // the dial's timer and ctx's race; neither order may make it FILTERED
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		got, err := probe.Probe(ctx, addr, patience)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded, "got %+v", got)
	}
}

func TestProbeCancelled(t *testing.T) {
	addr := full(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(20*time.Millisecond, cancel)
	defer stop.Stop()
	_, err := probe.Probe(ctx, addr, patience)
	assert.ErrorIs(t, err, context.Canceled)
}

// full returns the loopback address of a listener that takes nobody any more.
func full(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	sa, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*syscall.SockaddrInet4).Port))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp4", addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return addr
}
