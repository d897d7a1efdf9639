//go:build unix

package report_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/report"
)

// A test has no terminal at hand. Any other character device serves.
func TestIsTerminalCharacterDevice(t *testing.T) {
	zero, err := os.Open("/dev/zero")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, zero.Close()) })
	assert.True(t, report.IsTerminal(zero))
}
