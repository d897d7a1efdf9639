package hostile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The control of everything that runs apart from the grader: in one process
// with the tests that judge it, the same init passes a test that fails.
func TestInOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":         "module probe\n\ngo 1.26\n",
		"probe.go":       "package probe\n\nimport \"os\"\n\nfunc init() { os.Exit(0) }\n",
		"hidden_test.go": "package probe\n\nimport \"testing\"\n\nfunc TestHidden(t *testing.T) { t.Fatal(\"wrong\") }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.Command("go", "test", "-vet=off", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "ok")
}
