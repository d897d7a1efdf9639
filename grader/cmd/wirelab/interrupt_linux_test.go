package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds what takes moments, on a machine that is busy.
const patience = 30 * time.Second

// endless is a scanner that never answers, so that a check of it is under way
// until somebody interrupts.
const endless = `package probe

import (
	"context"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	<-time.After(time.Hour)
	return port.Result{}, nil
}
`

// Ctrl-C in the middle of a check, and a SIGTERM, end it at once: no report, no
// exercise that failed, no process and no half of a recording left.
func TestInterruptedCheck(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			kit := t.TempDir()
			require.NoError(t, copyKit(kit))
			require.NoError(t, os.WriteFile(filepath.Join(kit, "exercises", "06_probe", "probe.go"), []byte(endless), 0o600))
			p := start(t, kit, "check", "probe", "--out", "out")
			// Programs in sandboxes, in seats, in labs: the checks are under way.
			family := p.await(t, func(family []int) bool { return len(family) >= 9 })

			took := p.interrupt(t, signal)

			assert.Equal(t, statusBroken, p.cmd.ProcessState.ExitCode())
			assert.Equal(t, "wirelab: interrupted: the run is not finished, and nothing of it is reported\n", p.stderr.String())
			assert.Empty(t, p.stdout.String())
			assert.Less(t, took, 5*time.Second, "a check of this scanner takes longer by itself")
			requireGone(t, family)
			left, err := os.ReadDir(filepath.Join(kit, "out"))
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

// A run for Gradescope that is killed leaves results that say what happened:
// without any, the system would show a crash of its own.
func TestKilledForGradescope(t *testing.T) {
	kit := t.TempDir()
	require.NoError(t, copyKit(kit))
	require.NoError(t, os.WriteFile(filepath.Join(kit, "exercises", "06_probe", "probe.go"), []byte(endless), 0o600))
	p := start(t, kit, "check", "probe", "--format", "gradescope", "--out", "out")
	p.await(t, func(family []int) bool { return len(family) >= 9 })

	p.interrupt(t, syscall.SIGKILL)

	results, err := os.ReadFile(filepath.Join(kit, "out", "results.json"))
	require.NoError(t, err)
	assert.Contains(t, string(results), "this is not a mark")
}

// A SIGTERM to the kit alone, as timeout(1) sends it, ends the command in the
// lab, too.
func TestTerminatedExec(t *testing.T) {
	p := start(t, t.TempDir(), "lab", "exec", "--", "sleep", "1000")
	family := p.await(t, func(family []int) bool {
		for _, pid := range family {
			if strings.HasPrefix(commandLine(pid), "sleep\x001000") {
				return true
			}
		}
		return false
	})

	p.interrupt(t, syscall.SIGTERM)

	assert.Equal(t, 128+int(syscall.SIGTERM), p.cmd.ProcessState.ExitCode())
	assert.Empty(t, p.stderr.String())
	requireGone(t, family)
}

// running is a wirelab at work.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{} // closed when it has ended
}

func start(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	p := &running{cmd: exec.Command("wirelab", args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.stdout, &p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the test looks at its status
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
	})
	return p
}

// await waits until the processes below wirelab are as ready says, and returns
// them.
func (p *running) await(t *testing.T, ready func(family []int) bool) []int {
	t.Helper()
	var family []int
	require.Eventually(t, func() bool {
		select {
		case <-p.done:
			return true
		default:
			family = descendants(p.cmd.Process.Pid)
			return ready(family)
		}
	}, patience, 10*time.Millisecond)
	select {
	case <-p.done:
		t.Fatalf("it ended by itself: %s%s", &p.stdout, &p.stderr)
	default:
	}
	return family
}

// interrupt sends a signal and returns how long the end took.
func (p *running) interrupt(t *testing.T, signal syscall.Signal) time.Duration {
	t.Helper()
	sent := time.Now()
	require.NoError(t, p.cmd.Process.Signal(signal))
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	return time.Since(sent)
}

// requireGone waits until the kernel has taken the processes away.
func requireGone(t *testing.T, pids []int) {
	t.Helper()
	require.NotEmpty(t, pids)
	require.Eventually(t, func() bool {
		for _, pid := range pids {
			if commandLine(pid) != "" {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond, "processes are left")
}

// descendants returns the processes below one, at any depth.
func descendants(pid int) []int {
	var all []int
	// proc_pid_task(5): a process's children are listed by thread.
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

// commandLine returns what a process was started as; "" where it is gone.
func commandLine(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return string(text)
}
