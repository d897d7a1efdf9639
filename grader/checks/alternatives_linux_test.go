package checks_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build/buildtest"
	"wirelab/grader/check"
	"wirelab/grader/pristine"
)

// alternatives is the folder of solutions that are right, and written unlike
// the references: alternatives/06_probe/linger/probe.go. A file that one lacks
// is the reference's.
const alternatives = "testdata/alternatives"

// shortcomings names the checks that an alternative fails, by its folder. None
// of the others fails any.
var shortcomings = map[string][]string{
	// One mistake costs once.
	"07_scan/sequential": {"silence-is-waited-for-together"},
	// pcapgo 1.1.19 is wrong about clocks that count in powers of two.
	"11_trace/gopacket": {"times-are-exact"},
}

// TestAlternatives holds that the checks ask for what the exercises ask for,
// and not for what the reference happens to do.
func TestAlternatives(t *testing.T) {
	for _, m := range manifests(t) {
		folders, err := filepath.Glob(filepath.Join(alternatives, m.ID, "*"))
		require.NoError(t, err)
		for _, folder := range folders {
			name := path.Join(m.ID, filepath.Base(folder))
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				files := reference(t, m.ID)
				maps.Copy(files, buildtest.Sources(t, path.Join("grader/checks", folder)))
				program := compile(t, m, files)
				defer program.Close()
				for id, r := range run(t, m, program, files, buildtest.Lab()) {
					want := check.Pass
					if slices.Contains(shortcomings[name], id) {
						want = check.Fail
					}
					assert.Equal(t, want, r.Status, "%s: %s\n%s", id, r.Message, r.Actual)
				}
			})
		}
	}
	for name := range shortcomings {
		_, err := os.Stat(filepath.Join(alternatives, name))
		assert.NoError(t, err)
	}
}

// TestNothingEarnsNothing holds that no check passes for what does nothing: the
// stubs, and programs that give at once whatever error might be right.
func TestNothingEarnsNothing(t *testing.T) {
	for _, m := range manifests(t) {
		folders, err := filepath.Glob(filepath.Join("testdata/cheats", m.ID, "*"))
		require.NoError(t, err)
		stub, err := fs.ReadFile(pristine.FS(), path.Join(m.ID, m.File))
		require.NoError(t, err)
		programs := map[string]map[string][]byte{path.Join(m.ID, "stub"): {m.File: stub}}
		for _, folder := range folders {
			programs[path.Join(m.ID, filepath.Base(folder))] = buildtest.Sources(t, path.Join("grader/checks", folder))
		}
		for name, files := range programs {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				program := compile(t, m, files)
				defer program.Close()
				for id, r := range run(t, m, program, files, buildtest.Lab()) {
					assert.Contains(t, []check.Status{check.Fail, check.Blocked}, r.Status, id)
				}
			})
		}
	}
}
