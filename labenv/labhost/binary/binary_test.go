package binary_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labhost/binary"
)

// kit makes a folder that looks like the kit, with a folder deep inside.
func kit(t *testing.T) (root, deep string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	deep = filepath.Join(root, "exercises", "06_probe")
	require.NoError(t, os.MkdirAll(deep, 0o700))
	write(t, filepath.Join(root, "go.mod"), "module wirelab\n\ngo 1.26.0\n")
	return root, deep
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestRootIsAtOrAbove(t *testing.T) {
	root, deep := kit(t)
	for _, dir := range []string{root, deep, filepath.Join(deep, "not", "there")} {
		got, err := binary.RootFrom(dir)
		require.NoError(t, err, dir)
		assert.Equal(t, root, got, dir)
	}
	t.Chdir(deep)
	got, err := binary.Root()
	require.NoError(t, err)
	assert.Equal(t, root, got)
}

// The compiler sees paths without symbolic links, so the kit's is one.
func TestRootHasNoSymbolicLinks(t *testing.T) {
	root, _ := kit(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(root, link))
	got, err := binary.RootFrom(filepath.Join(link, "exercises"))
	require.NoError(t, err)
	assert.Equal(t, root, got)
}

func TestOtherModulesAreNotTheKit(t *testing.T) {
	root, deep := kit(t)
	write(t, filepath.Join(deep, "go.mod"), "module wirelab/exercises\n")
	got, err := binary.RootFrom(deep)
	require.NoError(t, err)
	assert.Equal(t, root, got, "a module inside the kit")

	write(t, filepath.Join(root, "go.mod"), "module wirelabs\n")
	_, err = binary.RootFrom(deep)
	require.ErrorIs(t, err, binary.ErrNoKit)
	t.Chdir(t.TempDir())
	_, err = binary.Root()
	require.ErrorIs(t, err, binary.ErrNoKit)
	_, err = binary.Build(t.Context(), t.TempDir())
	require.ErrorIs(t, err, binary.ErrNoKit)
}

// Find looks beside the running program: here that is the test's.
func TestFind(t *testing.T) {
	_, err := binary.Find()
	require.ErrorIs(t, err, binary.ErrNotFound)
	self, err := os.Executable()
	require.NoError(t, err)
	beside := filepath.Join(filepath.Dir(self), "labhost")
	t.Cleanup(func() { assert.NoError(t, os.Remove(beside)) })
	write(t, beside, "")
	got, err := binary.Find()
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(beside)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// Build makes a static program: it runs where there is no file system. People
// who start it are told who does.
func TestBuild(t *testing.T) {
	path, err := binary.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	f, err := elf.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	for _, p := range f.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "an interpreter")
	}
	out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 3, failed.ExitCode())
	assert.Contains(t, string(out), "wirelab lab shell")
}

func TestBuildHonoursItsContext(t *testing.T) {
	gone := t.Context()
	t.Run("inner", func(t *testing.T) { gone = t.Context() })
	_, err := binary.Build(gone, t.TempDir())
	require.Error(t, err)
}
