package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/labenv"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

// A stub that does not compile would fail every check, and prove nothing. The
// stubs lie in the program, so that no script can spoil one.
func TestVerifyFindsAStubThatDoesNotCompile(t *testing.T) {
	g, probe := prover(t, spoiled(t, "06_probe/probe.go", "package probe\n\nfunc Probe() {\n"))

	p, err := g.Verify(t.Context(), probe)

	require.NoError(t, err)
	require.Len(t, p.Problems, 1)
	assert.Contains(t, p.Problems[0], "the stub did not run: does not compile exercises/06_probe/probe.go:")
	var out strings.Builder
	assert.Equal(t, exitStatus(statusFailed), printProof(console{out: &out}, probe, p))
	assert.Contains(t, out.String(), "✗ 06_probe\n  - the stub did not run")
}

// Where labs fail, an exercise is neither sound nor unsound.
func TestVerifyWithoutLabsProvesNothing(t *testing.T) {
	g, probe := prover(t, pristine.FS())
	g.Lab = func(context.Context, plan.Plan) (labenv.Lab, error) { return nil, errors.New("no lab today") }

	p, err := g.Verify(t.Context(), probe)

	require.NoError(t, err)
	var out strings.Builder
	assert.Equal(t, exitStatus(statusBroken), printProof(console{out: &out}, probe, p))
	assert.Contains(t, out.String(), "! 06_probe\n")
	assert.Contains(t, out.String(), "no lab today")
	assert.Contains(t, out.String(), "run it again before you change the exercise")
}

// prover returns a grader of a fresh kit with those stubs, and its 06_probe.
func prover(t *testing.T, shipped fs.FS) (*grade.Grader, exercise.Manifest) {
	t.Helper()
	kit := t.TempDir()
	require.NoError(t, copyKit(kit))
	all, err := exercise.Load(shipped)
	require.NoError(t, err)
	probe, err := exercise.Find(all, "probe")
	require.NoError(t, err)
	tools, err := build.FindToolchain(t.Context())
	require.NoError(t, err)
	wirelab, err := exec.LookPath("wirelab")
	require.NoError(t, err)
	labhost := filepath.Join(filepath.Dir(wirelab), "labhost")
	return &grade.Grader{
		Builder:  build.Builder{Toolchain: tools, Kit: kit, Labhost: labhost},
		Pristine: shipped, Exercises: all, Lab: netns.Maker(netns.Config{Labhost: labhost}),
		Mutants: []string{"always-open"},
	}, probe
}

// spoiled returns the exercises as shipped with one file changed.
func spoiled(t *testing.T, name, text string) fstest.MapFS {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, pristine.FS()))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	files := fstest.MapFS{}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		files[filepath.ToSlash(rel)] = &fstest.MapFile{Data: data}
	}
	return files
}
