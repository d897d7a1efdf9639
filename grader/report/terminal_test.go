package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/report"
)

func TestIsTerminalNot(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	for _, f := range []*os.File{file, null, r, w} {
		assert.False(t, report.IsTerminal(f), f.Name())
		require.NoError(t, f.Close())
		assert.False(t, report.IsTerminal(f), "closed")
	}
}

func TestWantColor(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		env      map[string]string
		want     bool
	}{
		{"a terminal", true, map[string]string{"TERM": "xterm"}, true},
		{"piped", false, map[string]string{"TERM": "xterm"}, false},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, false},
		{"NO_COLOR set to nothing does not count", true, map[string]string{"NO_COLOR": ""}, true},
		{"a dumb terminal", true, map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			getenv := func(key string) string { return c.env[key] }
			assert.Equal(t, c.want, report.WantColor(c.terminal, getenv))
		})
	}
}
