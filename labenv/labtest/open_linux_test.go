package labtest_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labtest"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

// envInside tells the test program that it runs in a lab.
const envInside = "WIRELAB_LABTEST_INSIDE"

// In the seat of a lab a test finds the lab, and in its trace what it has just
// sent and got: nothing needs to be waited for.
func TestOpenInside(t *testing.T) {
	if os.Getenv(envInside) == "" {
		runInside(t)
		return
	}
	lab := labtest.Open(t)
	assert.Equal(t, netip.MustParseAddr("10.77.0.10"), lab.Target)
	assert.Equal(t, netip.MustParseAddr("10.77.0.20"), lab.Neighbour)

	conn, err := net.Dial("tcp", netip.AddrPortFrom(lab.Target, 9001).String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	said := flags(lab.Trace(), 9001)
	require.GreaterOrEqual(t, len(said), 2)
	assert.Equal(t, []string{"> SYN", "< SYN-ACK"}, said[:2])
	assert.Empty(t, flags(lab.Trace(), 9002))

	_, err = net.Dial("tcp", netip.AddrPortFrom(lab.Target, 9002).String())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Equal(t, []string{"> SYN", "< RST"}, flags(lab.Trace(), 9002))

	again := labtest.Open(t)
	assert.Equal(t, []string{"> SYN", "< RST"}, flags(again.Trace(), 9002), "the lab is one for all tests in it")
}

// runInside runs the calling test once more, in the practice lab.
func runInside(t *testing.T) {
	labhost, err := binary.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	shell, err := netns.OpenShell(t.Context(), netns.Config{Labhost: labhost}, plan.Practice())
	require.NoError(t, err)
	defer func() { assert.NoError(t, shell.Close()) }()
	self, err := os.Executable()
	require.NoError(t, err)
	stdin, err := os.Open(os.DevNull)
	require.NoError(t, err)
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	require.NoError(t, err)

	exit, err := shell.Run(t.Context(), netns.Command{
		Path: self, Args: []string{self, "-test.run=^" + t.Name() + "$", "-test.v"},
		Env: append(os.Environ(), envInside+"=1"), Dir: t.TempDir(),
		Stdin: stdin, Stdout: output, Stderr: output,
	})
	require.NoError(t, errors.Join(err, stdin.Close(), output.Close()))
	said, err := os.ReadFile(output.Name())
	require.NoError(t, err)
	assert.Equal(t, labenv.Exit{}, exit, "%s", said)
	assert.Contains(t, string(said), "--- PASS: "+t.Name())
}

// flags lists the TCP segments to (>) and from (<) a port in the order of the
// trace.
func flags(trace []gopacket.Packet, port layers.TCPPort) []string {
	var all []string
	for _, p := range trace {
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		switch {
		case !ok:
		case tcp.DstPort == port:
			all = append(all, "> "+name(tcp))
		case tcp.SrcPort == port:
			all = append(all, "< "+name(tcp))
		}
	}
	return all
}

func name(s *layers.TCP) string {
	switch {
	case s.RST:
		return "RST"
	case s.SYN && s.ACK:
		return "SYN-ACK"
	case s.SYN:
		return "SYN"
	}
	return "other"
}
