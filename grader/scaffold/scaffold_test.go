package scaffold_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/scaffold"
)

// kit makes as much of a kit as New looks at.
func kit(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	data, err := os.ReadFile("../checks/checks.go")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "grader", "checks"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "exercises", "06_probe"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "grader", "checks", "checks.go"), data, 0o600))
	return root
}

func TestNew(t *testing.T) {
	root := kit(t)

	files, err := scaffold.New(root, "19_demo")

	require.NoError(t, err)
	assert.Subset(t, files, []string{
		"exercises/19_demo/README.md", "exercises/19_demo/exercise.toml", "exercises/19_demo/contract.go", "exercises/19_demo/demo.go",
		"exercises/19_demo/demo_test.go", "solutions/19_demo/contract.go", "solutions/19_demo/demo.go", "grader/drivers/19_demo/main.go",
		"grader/checks/demo.go", "grader/mutants/19_demo/always-true.toml", "grader/checks/checks.go",
	})
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(root, f))
		require.NoError(t, err)
		assert.NotContains(t, string(data), "NN_name", f)
		if strings.HasSuffix(f, ".go") {
			_, err := parser.ParseFile(token.NewFileSet(), f, data, parser.ParseComments)
			require.NoError(t, err)
		}
	}
	registry, err := os.ReadFile(filepath.Join(root, "grader", "checks", "checks.go"))
	require.NoError(t, err)
	assert.Contains(t, string(registry), "\tcase \"19_demo\":\n\t\treturn demoChecks\n\t}\n\treturn nil\n}\n")
}

func TestNewOverwritesNothing(t *testing.T) {
	root := kit(t)
	for _, id := range []string{"demo", "1_demo", "19_Demo", "19_demo/..", "19_demo2", "19demo", ""} {
		_, err := scaffold.New(root, id)
		require.ErrorIs(t, err, scaffold.ErrName, id)
	}
	for _, id := range []string{"06_other", "19_probe"} {
		_, err := scaffold.New(root, id)
		require.ErrorIs(t, err, scaffold.ErrTaken, id)
	}
	_, err := scaffold.New(root, "19_demo")
	require.NoError(t, err)
	_, err = scaffold.New(root, "19_demo")
	require.ErrorIs(t, err, scaffold.ErrTaken)
}
