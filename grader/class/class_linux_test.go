package class_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/class"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

func TestMain(m *testing.M) { buildtest.Main(m) }

// newClass returns a run over 06_probe alone, with labs from mk.
func newClass(t *testing.T, mk labenv.Maker) *class.Class {
	t.Helper()
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	probe, err := exercise.Find(all, "06_probe")
	require.NoError(t, err)
	return &class.Class{
		Grader:    &grade.Grader{Builder: buildtest.Builder(), Pristine: pristine.FS(), Exercises: all, Lab: mk},
		Exercises: []exercise.Manifest{probe}, Kit: "a kit", Out: filepath.Join(t.TempDir(), "grades"), Jobs: 2,
	}
}

// handedIn writes submissions, each of the one file probe.go, and finds them.
func handedIn(t *testing.T, of map[string]string) []class.Entry {
	t.Helper()
	dir := t.TempDir()
	for student, text := range of {
		folder := filepath.Join(dir, student, "06_probe")
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "probe.go"), []byte(text), 0o600))
	}
	entries, _, err := class.Find(dir)
	require.NoError(t, err)
	return entries
}

// noLab fails, as a lab does on a machine that is out of something.
func noLab(started *atomic.Int64) labenv.Maker {
	return func(context.Context, plan.Plan) (labenv.Lab, error) {
		started.Add(1)
		return nil, errors.New("out of something")
	}
}

func reference(t *testing.T) string {
	t.Helper()
	return string(buildtest.Sources(t, "solutions/06_probe")["probe.go"])
}

// What the kit fails on is tried twice, has no marks, is told, and is graded
// by the next run.
func TestAFaultIsNoZero(t *testing.T) {
	var started atomic.Int64
	c := newClass(t, noLab(&started))
	entries := handedIn(t, map[string]string{"alice": reference(t), "bob": "package probe\n"})

	rows, err := c.Run(t.Context(), entries)

	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.True(t, rows[0].Fault)
	assert.Equal(t, "the kit failed twice; grade this one again", rows[0].Note())
	record, _, err := class.Load(filepath.Join(c.Out, "alice"))
	require.NoError(t, err)
	assert.Equal(t, 2, record.Attempts)
	assert.False(t, rows[1].Fault, "what does not compile is nobody else's fault")

	c.Grader.Lab = buildtest.Lab()
	fresh := map[string]bool{}
	c.Done = func(row class.Row, _, _ int, now bool) { fresh[row.Student] = now }
	rows, err = c.Run(t.Context(), entries)

	require.NoError(t, err)
	assert.Equal(t, check.Pass, rows[0].Status)
	assert.Equal(t, map[string]bool{"alice": true, "bob": false}, fresh)
}

// What was graded stands until the files, the kit or the key are others.
func TestResume(t *testing.T) {
	var started atomic.Int64
	c := newClass(t, noLab(&started))
	entries := handedIn(t, map[string]string{"alice": "package probe\n", "bob": "package probe\n\n", "carol": "package probe\n"})
	run := func() (fresh []string) {
		t.Helper()
		c.Done = func(row class.Row, _, _ int, now bool) {
			if now {
				fresh = append(fresh, row.Student)
			}
		}
		_, err := c.Run(t.Context(), entries)
		require.NoError(t, err)
		return fresh
	}

	assert.ElementsMatch(t, []string{"alice", "bob", "carol"}, run())
	assert.Empty(t, run())
	record, _, err := class.Load(filepath.Join(c.Out, "carol"))
	require.NoError(t, err)
	assert.Equal(t, "alice", record.SameAs, "the same files are graded once")

	require.NoError(t, os.WriteFile(filepath.Join(entries[1].Path, "06_probe", "probe.go"), []byte("package probe\n\n\n"), 0o600))
	assert.Equal(t, []string{"bob"}, run(), "bob has handed in again")
	c.Kit = "a mended kit"
	assert.ElementsMatch(t, []string{"alice", "bob", "carol"}, run())
	c.Key = class.Key{1}
	assert.ElementsMatch(t, []string{"alice", "bob", "carol"}, run())
	c.Again = true
	assert.ElementsMatch(t, []string{"alice", "bob", "carol"}, run())
	assert.Zero(t, started.Load(), "nothing here compiles")
}

// A run that was killed leaves half of something: results that are there in
// any form stay, the rest is swept.
func TestWhatAKilledRunLeft(t *testing.T) {
	c := newClass(t, noLab(new(atomic.Int64)))
	entries := handedIn(t, map[string]string{"alice": "package probe\n", "bob": "package probe\n\n"})
	_, err := c.Run(t.Context(), entries)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(c.Out, ".grading-carol"), 0o755))
	require.NoError(t, os.Rename(filepath.Join(c.Out, "alice"), filepath.Join(c.Out, ".replaced-alice")))
	var fresh int
	c.Done = func(_ class.Row, _, _ int, now bool) {
		if now {
			fresh++
		}
	}

	_, err = c.Run(t.Context(), entries)

	require.NoError(t, err)
	assert.Zero(t, fresh)
	left, err := filepath.Glob(filepath.Join(c.Out, ".*-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Nothing is replaced but results, and two runs do not get into each other's
// way.
func TestOutIsTheRunsOwn(t *testing.T) {
	c := newClass(t, noLab(new(atomic.Int64)))
	entries := handedIn(t, map[string]string{"alice": "package probe\n"})
	mine := filepath.Join(c.Out, "alice", "thesis.txt")
	require.NoError(t, os.MkdirAll(filepath.Dir(mine), 0o755))
	require.NoError(t, os.WriteFile(mine, []byte("years of work"), 0o600))

	_, err := c.Run(t.Context(), entries)

	require.ErrorIs(t, err, class.ErrOut)
	assert.FileExists(t, mine)

	unlock, err := class.Lock(c.Out)
	require.NoError(t, err)
	defer unlock()
	_, err = c.Run(t.Context(), entries)
	require.ErrorIs(t, err, class.ErrOut)
	assert.ErrorContains(t, err, "another run is grading into")
}

// A run that is interrupted returns the context's error, and keeps nothing that
// was cut short.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newClass(t, func(context.Context, plan.Plan) (labenv.Lab, error) {
		cancel()
		return nil, context.Canceled
	})

	_, err := c.Run(ctx, handedIn(t, map[string]string{"alice": reference(t)}))

	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(c.Out)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, ".lock", left[0].Name())
}
