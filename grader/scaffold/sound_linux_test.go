package scaffold_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/scaffold"
	"wirelab/labenv/labhost/binary"
)

// A new exercise is sound before its author has changed a word: in a copy of the
// kit, built anew, verify accepts it.
func TestANewExerciseIsSound(t *testing.T) {
	from, err := binary.Root()
	require.NoError(t, err)
	root := t.TempDir()
	for _, part := range []string{"exercises", "solutions", "labenv", "grader", "testdata"} {
		require.NoError(t, os.CopyFS(filepath.Join(root, part), os.DirFS(filepath.Join(from, part))))
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(from, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(root, file), data, 0o600))
	}
	_, err = scaffold.New(root, "19_demo")
	require.NoError(t, err)

	do := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
		return string(out)
	}
	do("go", "run", "-trimpath", "-buildvcs=false", "./grader/pristine/generate")
	do("go", "build", "-trimpath", "-buildvcs=false", "-o", "bin/labhost", "./labenv/labhost")
	do("go", "build", "-trimpath", "-buildvcs=false", "-o", "bin/wirelab", "./grader/cmd/wirelab")
	do("go", "build", "-trimpath", "-buildvcs=false", "./grader/drivers/warm")
	said := do(filepath.Join(root, "bin", "wirelab"), "verify", "19_demo")

	assert.Contains(t, said, "✓ 19_demo: the stub runs and fails, the reference earns all 4 points, mutants caught: 2")
	do("go", "vet", "./exercises/19_demo", "./solutions/19_demo", "./grader/checks")
}
