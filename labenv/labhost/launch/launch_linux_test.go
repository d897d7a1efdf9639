package launch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labhost/launch"
	"wirelab/labenv/labhost/protocol"
)

// labhost is the path of the program, built from what the tree says.
var labhost string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "launch-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		labhost, err = binary.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// start starts labhost in the given mode, and ends it with the test.
func start(t *testing.T, mode string) *launch.Process {
	t.Helper()
	p, err := launch.Start(labhost, mode, launch.Options{Identity: launch.Self()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestCallsReachTheProcess(t *testing.T) {
	p := start(t, protocol.ModeNetwork)
	_, err := p.Call(t.Context(), protocol.Captures, nil, nil, nil)
	var remote *fdrpc.RemoteError
	require.ErrorAs(t, err, &remote)
	assert.Equal(t, "the lab does not run", remote.Text)
}

func TestCloseEndsTheProcess(t *testing.T) {
	p := start(t, protocol.ModeNetwork)
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	<-p.Done()
	_, err := p.Call(t.Context(), protocol.Captures, nil, nil, nil)
	require.ErrorIs(t, err, fdrpc.ErrClosed)
}

// What the process says before it dies explains why it does.
func TestLastWordsExplain(t *testing.T) {
	p := start(t, "no such mode")
	_, err := p.Call(t.Context(), protocol.Captures, nil, nil, nil)
	require.ErrorIs(t, err, fdrpc.ErrClosed)
	require.NoError(t, p.Close())
	explained := p.Explain(err)
	require.ErrorIs(t, explained, err)
	assert.ErrorContains(t, explained, `unknown mode "no such mode"`)
}

func TestNoWordsExplainNothing(t *testing.T) {
	p := start(t, protocol.ModeNetwork)
	require.NoError(t, p.Close())
	want := errors.New("this")
	assert.Equal(t, want, p.Explain(want))
}

func TestWhatIsNoProgramIsNotStarted(t *testing.T) {
	dir := t.TempDir()
	_, err := launch.Start(filepath.Join(dir, "labhost"), protocol.ModeNetwork, launch.Options{Identity: launch.Self()})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "make build")
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("hello\n"), 0o700))
	_, err = launch.Start(text, protocol.ModeNetwork, launch.Options{Identity: launch.Self()})
	require.ErrorIs(t, err, syscall.ENOEXEC)
	assert.NotErrorIs(t, err, labenv.ErrUnavailable, "a broken program is no broken system")
}

func TestManyAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			p, err := launch.Start(labhost, protocol.ModeNetwork, launch.Options{Identity: launch.Self()})
			if assert.NoError(t, err) {
				assert.NoError(t, p.Close())
			}
		})
	}
	all.Wait()
}

func TestUnavailable(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.ENOSPC, syscall.ENOSYS, syscall.EOPNOTSUPP} {
		err := launch.Unavailable(fmt.Errorf("make it: %w", errno))
		assert.ErrorIs(t, err, labenv.ErrUnavailable)
		assert.ErrorIs(t, err, errno)
		assert.ErrorContains(t, err, "wirelab lab doctor")
	}
	for _, err := range []error{syscall.EMFILE, syscall.ENOMEM, context.Canceled, errors.New("broken")} {
		assert.NotErrorIs(t, launch.Unavailable(err), labenv.ErrUnavailable)
		assert.ErrorIs(t, launch.Unavailable(err), err)
	}
}

func TestMapped(t *testing.T) {
	assert.True(t, launch.Mapped(os.Getuid(), 1), "oneself exists everywhere")
	assert.False(t, launch.Mapped(0, 1<<33), "more ids than there can be")
	assert.False(t, launch.Mapped(-1, 1))
	data, err := os.ReadFile("/proc/self/uid_map")
	require.NoError(t, err)
	var inside, outside, size int
	_, err = fmt.Sscan(strings.TrimSpace(string(data)), &inside, &outside, &size)
	require.NoError(t, err)
	assert.True(t, launch.Mapped(inside, size))
	assert.False(t, launch.Mapped(inside, size+1))
}
