package grade_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/mutants"
	"wirelab/grader/pristine"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

func TestMain(m *testing.M) { buildtest.Main(m) }

const seed = 7

// grader returns a grader for all exercises.
func grader(t *testing.T) *grade.Grader {
	t.Helper()
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	return &grade.Grader{
		Builder: buildtest.Builder(), Pristine: pristine.FS(), Exercises: all, Lab: buildtest.Lab(), Seed: seed,
	}
}

// without returns a grader for submissions that must not get as far as a lab.
func without(t *testing.T) *grade.Grader {
	t.Helper()
	g := grader(t)
	g.Lab = func(context.Context, plan.Plan) (labenv.Lab, error) {
		t.Error("a lab was started")
		return nil, errors.New("no labs here")
	}
	return g
}

// pick returns the exercises with these ids.
func pick(t *testing.T, g *grade.Grader, ids ...string) []exercise.Manifest {
	t.Helper()
	var picked []exercise.Manifest
	for _, id := range ids {
		m, err := exercise.Find(g.Exercises, id)
		require.NoError(t, err)
		picked = append(picked, m)
	}
	return picked
}

// folder is one exercise's folder of a submission: contents by file name.
type folder map[string]string

// submission writes a submission's folders below a new folder, and returns it.
func submission(t *testing.T, exercises map[string]folder) string {
	t.Helper()
	dir := t.TempDir()
	for id, files := range exercises {
		write(t, filepath.Join(dir, id), files)
	}
	return dir
}

func write(t *testing.T, dir string, files folder) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
}

// stub returns an exercise's folder as shipped.
func stub(t *testing.T, id string) folder {
	return texts(buildtest.Sources(t, path.Join("exercises", id)))
}

// reference returns an exercise's folder with the reference in it.
func reference(t *testing.T, id string) folder {
	return texts(buildtest.Sources(t, path.Join("solutions", id)))
}

// mutant returns an exercise's folder with a shipped mutant in it.
func mutant(t *testing.T, id, name string) folder {
	t.Helper()
	all, err := mutants.Load(id)
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(m mutants.Mutant) bool { return m.Name == name })
	require.GreaterOrEqual(t, i, 0, "there is no mutant %s", name)
	files, err := all[i].Apply(buildtest.Sources(t, path.Join("solutions", id)))
	require.NoError(t, err)
	return texts(files)
}

func texts(files map[string][]byte) folder {
	f := folder{}
	for name, data := range files {
		f[name] = string(data)
	}
	return f
}

// with returns a copy of f in which the files are put, or replaced.
func (f folder) with(files folder) folder {
	out := maps.Clone(f)
	maps.Copy(out, files)
	return out
}

// only returns the outcome of the one exercise that was graded.
func only(t *testing.T, r check.Report) check.Exercise {
	t.Helper()
	require.Len(t, r.Exercises, 1)
	return r.Exercises[0]
}
