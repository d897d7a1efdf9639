package pristine_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"wirelab/grader/pristine"
)

func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return fsys
}

// contents reads all files of a file system.
func contents(t require.TestingT, fsys fs.FS) map[string]string {
	files := map[string]string{}
	require.NoError(t, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		files[name] = string(data)
		return err
	}))
	return files
}

func TestTheShippedExercises(t *testing.T) {
	require.NoError(t, fstest.TestFS(pristine.FS(), "port/port.go"))
	none, err := pristine.Stale(pristine.FS())
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestPackKeepsWhatAnExerciseIsMadeOf(t *testing.T) {
	packed, err := pristine.Pack(tree(map[string]string{
		"06_probe/probe.go": "package probe\r\n", "06_probe/probe_test.go": "package probe\n", "06_probe/exercise.toml": "",
		"06_probe/README.md": "# Probe\n", "06_probe/hints.md": "One.\n", "port/port.go": "package port\n",
		"06_probe/probe": "\x7fELF", "06_probe/.#probe.go": "x", "06_probe/probe.go.orig": "x", "_scrap/x.go": "x", ".git/y.go": "y",
	}))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"06_probe/probe.go": "package probe\n", "06_probe/probe_test.go": "package probe\n", "06_probe/exercise.toml": "",
		"06_probe/README.md": "# Probe\n", "06_probe/hints.md": "One.\n", "port/port.go": "package port\n",
	}, contents(t, pristine.Unpack(packed)))
}

func TestPackTellsWhatItCannotHold(t *testing.T) {
	_, err := pristine.Pack(tree(map[string]string{
		"a/cut.go": "package a", "a/fine.go": "package a\n", "a/marked.go": "package a\n\n/*\n-- x --\n*/\n", "a/ b.go": "package a\n",
	}))
	require.ErrorIs(t, err, pristine.ErrUnpackable)
	assert.EqualError(t, err, `the archive cannot hold this file: "a/ b.go": rename it with letters, digits, . _ and - only
the archive cannot hold this file: a/cut.go: its last line has no line end; add one
the archive cannot hold this file: a/marked.go: a line of it looks like txtar's own "-- name --"; write it differently`)
}

func TestPackNeedsAFolder(t *testing.T) {
	_, err := pristine.Pack(os.DirFS(filepath.Join(t.TempDir(), "nowhere")))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestPackedIsUnpacked: what Pack takes, Unpack gives back, and packing that
// again gives the same bytes.
func TestPackedIsUnpacked(t *testing.T) {
	name := rapid.StringMatching(`[0-9a-z_]{1,3}/[-a-z.]{0,4}\.go`)
	text := rapid.SliceOf(rapid.SampledFrom([]string{"\n", "\r", "x", "-- ", " --", "\n-- y --\n", "\xff"}))
	rapid.Check(t, func(t *rapid.T) {
		files := map[string]string{}
		for _, name := range rapid.SliceOfN(name, 0, 4).Draw(t, "names") {
			files[name] = strings.Join(text.Draw(t, "text"), "")
		}
		packed, err := pristine.Pack(tree(files))
		if err != nil {
			require.ErrorIs(t, err, pristine.ErrUnpackable)
			return
		}
		differ, err := pristine.Differ(tree(files), pristine.Unpack(packed))
		require.NoError(t, err)
		assert.Empty(t, differ)
		again, err := pristine.Pack(pristine.Unpack(packed))
		require.NoError(t, err)
		assert.Equal(t, packed, again)
	})
}

func TestStaleNamesWhatDiffers(t *testing.T) {
	shipped := contents(t, pristine.FS())
	edited := maps.Clone(shipped)
	edited["port/port.go"] += "\n"
	edited["port/extra.go"] = "package port\n"
	edited["port/notes.txt"] = "not part of an exercise"
	stale, err := pristine.Stale(tree(edited))
	require.NoError(t, err)
	assert.Equal(t, []string{"port/extra.go", "port/port.go"}, stale)

	delete(shipped, "port/port.go")
	stale, err = pristine.Stale(tree(shipped))
	require.NoError(t, err)
	assert.Equal(t, []string{"port/port.go"}, stale)
}

func TestADamagedArchiveSaysSo(t *testing.T) {
	_, err := fs.ReadFile(pristine.Unpack([]byte("-- a.go --\n-- a.go --\n")), "a.go")
	require.ErrorContains(t, err, "go run ./grader/pristine/generate")
	_, err = pristine.Differ(tree(nil), pristine.Unpack([]byte("-- ../a.go --\n")))
	require.ErrorContains(t, err, "go run ./grader/pristine/generate")
}

// TestGenerate runs the program on a kit of its own.
func TestGenerate(t *testing.T) {
	kit := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(kit, "exercises"), tree(map[string]string{"port/port.go": "package port\n"})))
	folder := filepath.Join(kit, "grader", "pristine")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	out, err := exec.CommandContext(t.Context(), "go", "run", "./generate", "-kit", kit).CombinedOutput()
	require.NoError(t, err, string(out))
	archive, err := os.ReadFile(filepath.Join(folder, "exercises.txtar"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"port/port.go": "package port\n"}, contents(t, pristine.Unpack(archive)))

	cut := filepath.Join(kit, "exercises", "port", "cut.go")
	require.NoError(t, os.WriteFile(cut, []byte("package port"), 0o644))
	out, err = exec.CommandContext(t.Context(), "go", "run", "./generate", "-kit", kit).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "port/cut.go: its last line has no line end")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 1, "the old archive, and nothing temporary")
}
