package check_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/check"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMessages records what a learner reads where a check uses testify: the
// message and the difference, and not one line of the grader's.
func TestMessages(t *testing.T) {
	refused := errors.New("connection refused")
	var all strings.Builder
	for _, c := range []struct {
		name string
		run  func(*check.T)
	}{
		{"Equal with a message", func(t *check.T) { assert.Equal(t, port.Filtered, port.Closed, "port %d", 9003) }},
		{"Equal without one", func(t *check.T) { assert.Equal(t, 2, 1) }},
		{"Equal of texts of several lines", func(t *check.T) { assert.Equal(t, "one\ntwo\nthree", "one\n  two\nthree") }},
		{"Equal of structs", func(t *check.T) {
			assert.Equal(t, port.Result{Port: 80, State: port.Open, RTT: time.Millisecond}, port.Result{Port: 80, State: port.Closed})
		}},
		{"ErrorIs", func(t *check.T) {
			require.ErrorIs(t, fmt.Errorf("probe: %w", refused), os.ErrDeadlineExceeded, "a timeout")
		}},
		{"NoError", func(t *check.T) { require.NoError(t, refused) }},
		{"Len", func(t *check.T) { require.Len(t, []int{1, 2}, 3, "results") }},
		{"Contains", func(t *check.T) { assert.Contains(t, "Error: what\nis: this", "port 0") }},
		{"True", func(t *check.T) { assert.True(t, false, "the list is not sorted") }},
		{"WithinDuration", func(t *check.T) {
			assert.WithinDuration(t, time.Unix(1, 0).UTC(), time.Unix(3, 0).UTC(), time.Second, "the cancel")
		}},
		{"a sentence of the check's own", func(t *check.T) { t.Errorf("  port %d is: wrong\n", 7) }},
	} {
		r := new(world).run(t, c.run)
		require.Equal(t, check.Fail, r.Status, c.name)
		assert.NotContains(t, r.Message, "message_test.go", c.name)
		fmt.Fprintf(&all, "-- %s --\n%s\n\n", c.name, r.Message)
	}
	golden(t, "messages.golden", all.String())
}

// golden holds text against a recorded file, or records it (-update).
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "record it with -update")
	assert.Equal(t, string(want), text, "if this is what learners should see, record it with -update")
}
