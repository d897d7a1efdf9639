package netns_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// holdLab starts a lab with a program in its seat, says so, and waits until it
// is killed.
func holdLab() error {
	l, err := maker()(context.Background(), plan.Practice())
	if err != nil {
		return err
	}
	if _, err := occupy(context.Background(), l, os.Getenv("WIRELAB_TEST_PROGRAM")); err != nil {
		return err
	}
	fmt.Println("the lab runs")
	_, err = os.Stdin.Read(make([]byte, 1))
	return err
}

// A kit that is killed takes its lab along: no process, no namespace and no
// file is left. A lab that hangs sees nothing of its socket's end, and goes all
// the same.
func TestAKilledKitLeavesNothing(t *testing.T) {
	for name, hangs := range map[string]bool{"a lab that works": false, "a lab that hangs": true} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			kit := holder(t, folder)
			lab := watch(t, descendants(t, kit.Process.Pid))
			require.Len(t, lab, 3, "network, seat and program")
			nets := namespaces(t, lab)
			if hangs {
				require.NoError(t, unix.PidfdSendSignal(lab[0].fd, unix.SIGSTOP, nil, 0))
			}
			require.NoError(t, kit.Process.Kill())
			require.Error(t, kit.Wait())
			awaitEnd(t, lab)
			left, err := os.ReadDir(folder)
			require.NoError(t, err)
			assert.Empty(t, left, "files")
			for _, ns := range nets {
				assert.NotContains(t, namespacesInUse(t), ns, "a network namespace of the lab")
			}
		})
	}
}

// holder starts a kit in a process of its own that holds a lab, and whatever
// files it makes in folder.
func holder(t *testing.T, folder string) *exec.Cmd {
	t.Helper()
	cmd := again(t, "hold a lab")
	cmd.Env = append(cmd.Env, "TMPDIR="+folder, "HOME="+folder, "WIRELAB_TEST_PROGRAM="+program)
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "the lab runs\n", line)
	return cmd
}

// The first process of a lab takes the others along, and whoever uses the lab
// is told.
func TestAKilledLabIsClosed(t *testing.T) {
	for name, victim := range map[string]string{"network": "network", "seat": "seat"} {
		t.Run(name, func(t *testing.T) {
			l := start(t)
			p, err := occupy(t.Context(), l, program)
			require.NoError(t, err)
			lab := watch(t, descendants(t, os.Getpid()))
			require.Len(t, lab, 3, "network, seat and program")
			dying := lab
			if victim == "seat" {
				dying = lab[1:]
			}
			require.NoError(t, unix.PidfdSendSignal(dying[0].fd, unix.SIGKILL, nil, 0))
			awaitEnd(t, dying)
			_, err = p.Wait(t.Context())
			require.ErrorIs(t, err, labenv.ErrClosed)
			_, err = occupy(t.Context(), l, program)
			require.ErrorIs(t, err, labenv.ErrClosed)
			require.NoError(t, p.Close())
			require.NoError(t, l.Close())
			awaitEnd(t, lab)
		})
	}
}

// A start that is cancelled leaves nothing either, whenever it was.
func TestACancelledStartLeavesNothing(t *testing.T) {
	for after := 50 * time.Microsecond; after < time.Second; after += after / 2 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		l, err := maker()(ctx, plan.Practice())
		cancel()
		if err == nil {
			require.NoError(t, l.Close())
			break // the machine is faster than that
		}
		require.Empty(t, descendants(t, os.Getpid()), "cancelled after %v", after)
	}
	require.Empty(t, descendants(t, os.Getpid()))
}

// A program whose start is cancelled is gone soon after, whenever it was.
func TestACancelledProgramIsEnded(t *testing.T) {
	l := start(t)
	for after := 50 * time.Microsecond; after < time.Second; after += after / 2 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		p, err := occupy(ctx, l, program)
		cancel()
		if err == nil {
			require.NoError(t, p.Close())
			break // the machine is faster than that
		}
	}
	// Network and seat remain. What the start had begun ends by itself.
	assert.Eventually(t, func() bool { return len(descendants(t, os.Getpid())) == 2 }, patience, time.Millisecond)
}

// watched is a process by a descriptor, which stays its when its id is given
// to another.
type watched struct{ pid, fd int }

func watch(t *testing.T, pids []int) []watched {
	t.Helper()
	var all []watched
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, unix.Close(fd)) })
		all = append(all, watched{pid, fd})
	}
	return all
}

// awaitEnd waits until every one of the processes has ended (pidfd_open(2)).
func awaitEnd(t *testing.T, all []watched) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, w := range all {
		p := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, int(time.Until(deadline).Milliseconds()))
		for err == unix.EINTR {
			n, err = unix.Poll(p, int(time.Until(deadline).Milliseconds()))
		}
		require.NoError(t, err)
		require.Equal(t, 1, n, "process %d runs on", w.pid)
	}
}

// descendants lists the processes that pid started, and theirs, parents first.
// Those that have ended and wait to be collected do not count.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	children := map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		// "pid (name) state ppid …", and the name may hold anything (proc_pid_stat(5)).
		id, _, _ := strings.Cut(string(data), " ")
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		child, err := strconv.Atoi(id)
		require.NoError(t, err)
		parent, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		if fields[0] != "Z" && fields[0] != "X" {
			children[parent] = append(children[parent], child)
		}
	}
	var all []int
	for next := children[pid]; len(next) > 0; {
		all = append(all, next[0])
		next = append(next[1:], children[next[0]]...)
	}
	return all
}

// namespaces returns the network namespaces of processes, as far as they may
// be seen.
func namespaces(t *testing.T, all []watched) []string {
	t.Helper()
	var found []string
	for _, w := range all {
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", w.pid)); err == nil {
			found = append(found, ns)
		}
	}
	return found
}

// namespacesInUse lists the network namespaces of all processes, as far as
// they may be seen.
func namespacesInUse(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	require.NoError(t, err)
	var found []string
	for _, l := range links {
		if ns, err := os.Readlink(l); err == nil {
			found = append(found, ns)
		}
	}
	return found
}
