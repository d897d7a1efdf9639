package stage_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/stage"
)

// kit writes a kit whose exercises somebody has worked on.
func kit(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, root, map[string]string{
		"exercises/06_probe/probe.go":      "package probe // mine",
		"exercises/06_probe/contract.go":   "package probe // mine",
		"exercises/06_probe/probe_test.go": "package probe",
		"exercises/06_probe/old.go":        "package probe",
		"exercises/06_probe/evil.s":        "TEXT",
		"exercises/06_probe/sub/sub.go":    "package sub",
		"exercises/port/port.go":           "package port // mine",
		"exercises/port/more.go":           "package port // mine",
		"exercises/07_scan/scan.go":        "package scan",
	})
	return root
}

func TestPlaceIsAllThatTheBuildSees(t *testing.T) {
	var tree stage.Tree
	require.NoError(t, tree.Place(shipped, kit(t), "06_probe", map[string][]byte{
		"probe.go": []byte("package probe // placed"), "extra.go": []byte("package probe"), "contract.go": []byte("package evil"),
	}))
	assert.Equal(t, map[string][]byte{
		"exercises/06_probe/probe.go":    []byte("package probe // placed"),
		"exercises/06_probe/extra.go":    []byte("package probe"),
		"exercises/06_probe/contract.go": []byte(contract),
		"exercises/port/port.go":         []byte("package port\n"),
	}, tree.Replace)
	assert.Equal(t, []string{
		"exercises/06_probe/evil.s", "exercises/06_probe/old.go", "exercises/06_probe/probe_test.go", "exercises/port/more.go",
	}, tree.Remove)
}

func TestPlaceAgainTakesTheFirstOnesPlace(t *testing.T) {
	root := kit(t)
	var once, twice stage.Tree
	reference := map[string][]byte{"probe.go": []byte("package probe // reference")}
	require.NoError(t, once.Place(shipped, root, "06_probe", reference))
	require.NoError(t, twice.Place(shipped, root, "06_probe", map[string][]byte{"learner.go": nil, "old.go": nil}))
	require.NoError(t, twice.Place(shipped, root, "06_probe", reference))
	assert.Equal(t, once, twice)
}

func TestPlaceSeveralExercises(t *testing.T) {
	root := kit(t)
	var tree stage.Tree
	require.NoError(t, tree.Place(shipped, root, "06_probe", map[string][]byte{"probe.go": nil}))
	require.NoError(t, tree.Place(shipped, root, "07_scan", map[string][]byte{"other.go": nil}))
	assert.Contains(t, tree.Replace, "exercises/06_probe/probe.go")
	assert.Contains(t, tree.Replace, "exercises/07_scan/other.go")
	assert.NotContains(t, tree.Replace, "exercises/07_scan/contract.go", "none was shipped")
	assert.Contains(t, tree.Remove, "exercises/07_scan/scan.go")
	assert.Contains(t, tree.Remove, "exercises/06_probe/old.go")
}

func TestPlaceWithoutAFolderOnDisk(t *testing.T) {
	var tree stage.Tree
	require.NoError(t, tree.Place(shipped, t.TempDir(), "06_probe", nil))
	assert.Equal(t, []string{"exercises/06_probe/contract.go", "exercises/port/port.go"}, names(tree.Replace))
	assert.Empty(t, tree.Remove)
}

func TestPlaceLeavesNoLinkBehind(t *testing.T) {
	root := kit(t)
	require.NoError(t, os.Symlink("/nowhere", filepath.Join(root, "exercises", "06_probe", "link.go")))
	var tree stage.Tree
	require.NoError(t, tree.Place(shipped, root, "06_probe", nil))
	assert.Contains(t, tree.Remove, "exercises/06_probe/link.go")
}

func TestPlaceRefusesPaths(t *testing.T) {
	for _, name := range []string{"../port/port.go", "sub/x.go", "/etc/passwd", "..", ".", ""} {
		var tree stage.Tree
		err := tree.Place(shipped, kit(t), "06_probe", map[string][]byte{name: nil})
		assert.ErrorIs(t, err, stage.ErrName, name)
	}
}

func TestPlaceNeedsReadableFolders(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"exercises/06_probe": "a file"})
	var tree stage.Tree
	var at *fs.PathError
	require.ErrorAs(t, tree.Place(shipped, root, "06_probe", nil), &at)
	assert.NoError(t, tree.Place(fstest.MapFS{}, root, "07_scan", nil))
}
