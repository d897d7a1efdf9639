//go:build nmap

package checks_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/build/buildtest"
	"wirelab/grader/exercise"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

// The reference of 18 and `nmap -sT`, which scans by connect(2) as well, agree on
// every port of one lab.
func TestTheToolAgreesWithNmap(t *testing.T) {
	t.Parallel()
	nmap, err := exec.LookPath("nmap")
	require.NoError(t, err, "the build tag nmap is for machines that have it")
	m, err := exercise.Find(everyManifest(t), "18_tool")
	require.NoError(t, err)
	tool := save(t, referenceProgram(t, m))

	d := plan.New(18)
	var list []string
	for _, b := range []plan.Behaviour{plan.Echo, plan.Greeting, plan.AcceptClose, plan.AcceptReset, plan.Closed, plan.Reset, plan.Drop} {
		for _, p := range d.Ports(6, b) {
			list = append(list, strconv.Itoa(int(p.Number)))
		}
	}
	for _, code := range []uint8{0, 1, 2, 3, 9, 10, 13} {
		list = append(list, strconv.Itoa(int(d.Port(plan.ICMP, plan.WithCode(code)).Number)))
	}
	ports, host := strings.Join(list, ","), d.Plan().Target.Addr.String()
	shell, err := netns.OpenShell(t.Context(), netns.Config{Labhost: buildtest.Builder().Labhost}, d.Plan())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, shell.Close()) })

	ours := states(t, inShell(t, shell, tool, "-json", "-p", ports, host))
	theirs := nmapStates(t, inShell(t, shell, nmap, "-sT", "-T4", "-n", "-Pn", "-p", ports, "-oX", "-", host))
	require.Len(t, ours, len(list))
	for number, state := range ours {
		if number == list[len(list)-4] { // ICMP port-unreachable: one errno for two packets
			assert.Contains(t, []port.State{port.Closed, port.Filtered}, theirs[number])
			continue
		}
		assert.Equal(t, theirs[number], state, "port %s", number)
	}
}

// save gives a program a name.
func save(t *testing.T, program *os.File) string {
	t.Helper()
	info, err := program.Stat()
	require.NoError(t, err)
	data, err := io.ReadAll(io.NewSectionReader(program, 0, info.Size()))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "netprobe")
	require.NoError(t, os.WriteFile(path, data, 0o755))
	return path
}

// inShell runs a command in the seat and returns what it prints.
func inShell(t *testing.T, shell *netns.Shell, path string, args ...string) []byte {
	t.Helper()
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	out, err := os.CreateTemp(t.TempDir(), "stdout")
	require.NoError(t, err)
	defer out.Close()
	exit, err := shell.Run(t.Context(), netns.Command{
		Path: path, Args: append([]string{filepath.Base(path)}, args...), Dir: t.TempDir(), Stdin: null, Stdout: out, Stderr: out,
	})
	require.NoError(t, err)
	said, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	require.Zero(t, exit.Code, "%s", said)
	return said
}

func states(t *testing.T, lines []byte) map[string]port.State {
	t.Helper()
	all := map[string]port.State{}
	for l := range bytes.Lines(lines) {
		var r port.Result
		require.NoError(t, json.Unmarshal(l, &r))
		all[strconv.Itoa(int(r.Port))] = r.State
	}
	return all
}

// nmapStates reads nmap's XML; its words are ours in small letters. It counts
// the ports in a state that many are in, and lists which those are.
func nmapStates(t *testing.T, said []byte) map[string]port.State {
	t.Helper()
	var r struct {
		Ports []struct {
			ID    string `xml:"portid,attr"`
			State struct {
				State string `xml:"state,attr"`
			} `xml:"state"`
		} `xml:"host>ports>port"`
		Common []struct {
			State   string `xml:"state,attr"`
			Reasons []struct {
				Ports string `xml:"ports,attr"`
			} `xml:"extrareasons"`
		} `xml:"host>ports>extraports"`
	}
	require.NoError(t, xml.Unmarshal(said, &r))
	all := map[string]port.State{}
	for _, p := range r.Ports {
		all[p.ID] = port.State(strings.ToUpper(p.State.State))
	}
	for _, c := range r.Common {
		for _, reason := range c.Reasons {
			for number := range strings.SplitSeq(reason.Ports, ",") {
				all[number] = port.State(strings.ToUpper(c.State))
			}
		}
	}
	return all
}
