//go:build docker

package compose_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/compose"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/plan"
)

// downTimeout bounds the end of the lab, on a busy engine.
const downTimeout = time.Minute

// TestLab starts the lab as `make lab-up` does, under another name, looks
// around from the seat, and ends it.
func TestLab(t *testing.T) {
	root, err := binary.Root()
	require.NoError(t, err)
	build := exec.CommandContext(t.Context(), "make", "lab-programs")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	project := "wirelabtest" + strconv.FormatInt(time.Now().UnixNano(), 36)
	lab, err := compose.Open(t.Context(), root, project)
	require.NoError(t, err)
	t.Cleanup(func() { assert.Empty(t, remains(t, project)) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
		defer cancel()
		assert.NoError(t, lab.Down(ctx))
	})
	require.NoError(t, lab.Up(t.Context()))

	t.Run("states", func(t *testing.T) { testStates(t, lab) })
	t.Run("talk", func(t *testing.T) {
		assert.Equal(t, "hello\n", shell(t, lab, "echo hello | talk target 9001"))
		assert.Contains(t, shell(t, lab, "resolve neighbour"), plan.NeighbourAddr.String())
	})
	t.Run("host", func(t *testing.T) { testHost(t, lab) })
	t.Run("twice", func(t *testing.T) {
		require.NoError(t, lab.Up(t.Context()), "what is up stays up")
		assert.Contains(t, shell(t, lab, "connect target 9001"), "OPEN")
	})
	t.Run("wire", func(t *testing.T) { testWire(t, lab, project) })
	t.Run("status", func(t *testing.T) {
		err := lab.Shell(t.Context(), compose.Stdio{}, "-c", "exit 7")
		assert.Equal(t, compose.Status(7), err)
	})
	t.Run("taken", func(t *testing.T) {
		other, err := compose.Open(t.Context(), root, project+"x")
		require.NoError(t, err)
		err = other.Up(t.Context())
		require.ErrorIs(t, err, compose.ErrTaken)
		assert.ErrorContains(t, err, project)
	})
}

// testStates connects to every TCP port of both hosts.
func testStates(t *testing.T, lab *compose.Lab) {
	p := plan.Practice()
	for _, h := range []plan.Host{p.Target, p.Neighbour} {
		var want, line []string
		for _, q := range h.Ports {
			if q.Proto == plan.TCP {
				line = append(line, strconv.Itoa(int(q.Number)))
				want = append(want, netip.AddrPortFrom(h.Addr, q.Number).String()+" "+string(q.State()))
			}
		}
		assert.Equal(t, want, states(shell(t, lab, "connect "+h.Addr.String()+" "+strings.Join(line, " "))), h.Name)
	}
}

// testHost connects to the addresses of this machine, which is the host of a
// local engine, and to that which a bridge of the engine's has elsewhere.
func testHost(t *testing.T, lab *compose.Lab) {
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	tried := 0
	for _, a := range addrs {
		addr := netip.MustParsePrefix(a.String()).Addr()
		if !addr.Is4() || addr.IsLoopback() {
			continue // of IPv6 the seat has none, and loopback is its own
		}
		tried++
		assert.Contains(t, shell(t, lab, "connect "+addr.String()+" 22"), "ENETUNREACH", "there is a way to %s", addr)
	}
	assert.Positive(t, tried)
	gateway := compose.Subnet().Addr().Next()
	assert.Equal(t, []string{gateway.String() + ":22 FILTERED"}, states(shell(t, lab, "connect "+gateway.String()+" 22")))
}

// testWire takes the seat's network away: a new start gives it another.
func testWire(t *testing.T, lab *compose.Lab, project string) {
	id, err := exec.CommandContext(t.Context(), "docker", "ps", "--quiet",
		"--filter", "label=com.docker.compose.project="+project, "--filter", "label=com.docker.compose.service=wire").Output()
	require.NoError(t, err)
	require.NoError(t, exec.CommandContext(t.Context(), "docker", "rm", "--force", strings.TrimSpace(string(id))).Run())
	require.NoError(t, lab.Up(t.Context()))
	assert.Contains(t, shell(t, lab, "connect target 9001"), "OPEN")
}

// states takes the first two columns of what `connect` prints.
func states(printed string) (all []string) {
	for line := range strings.Lines(printed) {
		fields := strings.Fields(line)
		all = append(all, strings.Join(fields[:min(2, len(fields))], " "))
	}
	return all
}

// shell runs a command line in the seat and returns what it printed.
func shell(t *testing.T, lab *compose.Lab, line string) string {
	t.Helper()
	var out, said bytes.Buffer
	err := lab.Shell(t.Context(), compose.Stdio{Out: &out, Err: &said}, "-c", line)
	require.NoError(t, err, "%s: %s", line, said.String())
	return out.String()
}

// remains lists what the engine still has of a project.
func remains(t *testing.T, project string) string {
	t.Helper()
	label := "label=com.docker.compose.project=" + project
	var all strings.Builder
	for _, line := range [][]string{
		{"ps", "--all", "--quiet", "--filter", label},
		{"network", "ls", "--quiet", "--filter", label},
		{"volume", "ls", "--quiet", "--filter", label},
		{"images", "--quiet", project + "*"},
	} {
		out, err := exec.Command("docker", line...).Output()
		require.NoError(t, err, line)
		all.Write(out)
	}
	return all.String()
}
