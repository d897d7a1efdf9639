package scanners_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/exercise"
	"wirelab/grader/mutants"
	"wirelab/grader/pristine"
	"wirelab/grader/scanners"
)

// source reads a folder of the kit's.
func source(folder string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	files := map[string][]byte{}
	for _, name := range names {
		data, rerr := os.ReadFile(name)
		err = errors.Join(err, rerr)
		if base := filepath.Base(name); base != "contract.go" && !strings.HasSuffix(base, "_test.go") {
			files[base] = data
		}
	}
	return files, err
}

func contract(string) ([]byte, error) { return []byte("package given\n"), nil }

// Every scanner is in the program under its name, and none of its packages is
// an exercise's.
func TestTree(t *testing.T) {
	tree, err := scanners.Tree(source, contract)
	require.NoError(t, err)
	main := string(tree["grader/scanners/made/main.go"])
	wrong, err := scanners.Wrong()
	require.NoError(t, err)
	names := scanners.Correct()
	for _, m := range wrong {
		names = append(names, m.Name)
	}
	for _, name := range names {
		assert.Equal(t, 1, strings.Count(main, "\t\""+name+"\": {"), name)
	}
	for path, data := range tree {
		assert.NotContains(t, string(data), `"wirelab/exercises/06_probe"`, path)
	}
	for _, name := range scanners.Correct() {
		assert.NotEmpty(t, scanners.Describe(name))
	}
}

// A reference that the edits do not fit any more is an error, and no scanner is
// left out in silence.
func TestTreeOfAnotherReference(t *testing.T) {
	_, err := scanners.Tree(func(string) (map[string][]byte, error) {
		return map[string][]byte{"probe.go": nil, "scan.go": nil}, nil
	}, contract)
	assert.ErrorIs(t, err, mutants.ErrMutant)
}

// Every wrong scanner is counted by a check that there is.
func TestWrongScannersAreCounted(t *testing.T) {
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	counted := map[string]bool{}
	for _, m := range all {
		for _, c := range m.Checks {
			counted[c.ID] = counted[c.ID] || m.GradesTests()
		}
	}
	wrong, err := scanners.Wrong()
	require.NoError(t, err)
	require.NotEmpty(t, wrong)
	for _, m := range wrong {
		for _, id := range m.KilledBy {
			assert.True(t, counted[id], "%s: there is no check %s", m.Name, id)
		}
	}
}
