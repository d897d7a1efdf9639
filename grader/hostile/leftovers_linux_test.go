package hostile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What TestMain looks for it finds. This test runs before the parallel ones.
func TestLeftoversAreFound(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	require.NoError(t, cmd.Start())
	file := filepath.Join(folder, "left")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	ns, err := os.Open("/proc/self/ns/net")
	require.NoError(t, err)

	left := strings.Join(leftovers(), "\n")
	assert.Contains(t, left, `("sleep\x0060\x00")`)
	assert.Contains(t, left, "the file "+file)
	assert.Contains(t, left, "the descriptor of net:[")

	require.NoError(t, cmd.Process.Kill())
	assert.Error(t, cmd.Wait())
	require.NoError(t, os.Remove(file))
	require.NoError(t, ns.Close())
	assert.Empty(t, leftovers())
}
