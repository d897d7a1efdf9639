//go:build unix

package stage_test

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/stage"
)

// TestReadOpensOrdinaryFilesOnly would hang if a FIFO were opened to read.
func TestReadOpensOrdinaryFilesOnly(t *testing.T) {
	dir := submit(t, map[string]string{"probe.go": stub})
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo.go"), 0o600))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "contract.go"), 0o600))
	t.Chdir(dir) // a socket's name is short
	l, err := net.Listen("unix", "socket.go")
	require.NoError(t, err)
	defer func() { assert.NoError(t, l.Close()) }()
	_, err = stage.Read(probe, shipped, dir)
	assert.EqualError(t, err, "contract.go: is not an ordinary file.\nfifo.go: is not an ordinary file.\nsocket.go: is not an ordinary file.")
}
