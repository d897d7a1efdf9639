package checks_test

import (
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/checks"
	"wirelab/grader/exercise"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
	"wirelab/labenv"
)

func TestMain(m *testing.M) { buildtest.Main(m) }

// manifests returns the manifests of all exercises whose checks look at a lab. A
// test that is graded has no evidence but its own word; package grade tries those.
func manifests(t *testing.T) []exercise.Manifest {
	t.Helper()
	all := slices.DeleteFunc(everyManifest(t), exercise.Manifest.GradesTests)
	require.NotEmpty(t, all)
	return all
}

func everyManifest(t *testing.T) []exercise.Manifest {
	t.Helper()
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	return all
}

// reference returns the reference of an exercise.
func reference(t *testing.T, id string) map[string][]byte {
	t.Helper()
	files := buildtest.Sources(t, path.Join("solutions", id))
	for _, m := range everyManifest(t) {
		for _, name := range m.Data {
			if m.ID == id {
				data, err := os.ReadFile(filepath.Join(buildtest.Builder().Kit, "solutions", id, name))
				require.NoError(t, err)
				files[name] = data
			}
		}
	}
	return files
}

// built are the references' programs, each built once.
var (
	built   = map[string]*os.File{}
	builtMu sync.Mutex
)

// referenceProgram returns the reference as a program. It stays open.
func referenceProgram(t *testing.T, m exercise.Manifest) *os.File {
	t.Helper()
	builtMu.Lock()
	defer builtMu.Unlock()
	if built[m.ID] == nil {
		built[m.ID] = compile(t, m, reference(t, m.ID))
	}
	return built[m.ID]
}

// compile builds an exercise from files and the references of what it needs.
func compile(t *testing.T, m exercise.Manifest, files map[string][]byte) *os.File {
	t.Helper()
	b := buildtest.Builder()
	var tree stage.Tree
	for _, need := range m.Needs {
		require.NoError(t, tree.Place(pristine.FS(), b.Kit, need, reference(t, need)))
	}
	require.NoError(t, tree.Place(pristine.FS(), b.Kit, m.ID, files))
	program, err := b.Build(t.Context(), m.Main(), tree, func(s string) string { return s })
	require.NoError(t, err)
	return program
}

// run runs checks of an exercise, all where none is named, on a program made of
// files, and returns their results by id.
func run(t *testing.T, m exercise.Manifest, program *os.File, files map[string][]byte, lab labenv.Maker, only ...string) map[string]check.Result {
	t.Helper()
	r := check.Runner{Exercise: m, Specs: checks.For(m.ID), Program: program, Sources: files, Only: only, Lab: lab, Seed: rand.Uint64()}
	t.Logf("seed %d", r.Seed)
	results, err := r.Run(t.Context())
	require.NoError(t, err)
	byID := map[string]check.Result{}
	for _, res := range results {
		byID[res.ID] = res
	}
	return byID
}
