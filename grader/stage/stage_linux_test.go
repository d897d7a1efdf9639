package stage_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/stage"
)

// nobody is a user who owns nothing.
const nobody = 65534

// asNobody runs f as somebody whom the permissions of files hold back, which
// they do not do to root (setfsuid(2) binds one thread).
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, syscall.Setfsuid(nobody))
	defer func() { require.NoError(t, syscall.Setfsuid(0)) }()
	f()
}

func TestReadSaysWhatItCannotOpen(t *testing.T) {
	// Not t.TempDir: its parents are for their owner only.
	dir, err := os.MkdirTemp("", "stage")
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "probe.go"), []byte(stub), 0o000))
	asNobody(t, func() { _, err = stage.Read(probe, shipped, dir) })
	assert.EqualError(t, err, "probe.go: cannot be read: permission denied.")
}
