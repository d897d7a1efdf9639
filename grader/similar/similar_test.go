package similar_test

import (
	"fmt"
	"go/format"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/similar"
)

func source(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + path)
	require.NoError(t, err)
	return string(data)
}

func prints(src string) similar.Prints {
	return similar.Fingerprint(map[string][]byte{"a.go": []byte(src)})
}

// disguise renames and reformats, and changes comments and literals.
func disguise(src string) string {
	src = strings.NewReplacer("target", "dst", "timeout", "limit", "ctx", "c", "dialErr", "e1", "err", "problem", "conn", "k").Replace(src)
	var lines []string
	for line := range strings.Lines(src) {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			lines = append(lines, "\t\t"+line)
		}
	}
	return "// my own work\n" + strings.Join(lines, "\n")
}

func TestADisguisedCopyIsFound(t *testing.T) {
	probe, other := source(t, "solutions/06_probe/probe.go"), source(t, "solutions/07_scan/scan.go")
	starter := prints(source(t, "exercises/06_probe/probe.go"))
	of := map[string]similar.Prints{"alice": prints(probe), "bob": prints(disguise(probe)), "carol": prints(other)}

	pairs := similar.Pairs(of, starter, 0.5)

	require.Len(t, pairs, 1)
	assert.Equal(t, "alice", pairs[0].A)
	assert.Equal(t, "bob", pairs[0].B)
	assert.Greater(t, pairs[0].Share, 0.9)
}

// What everybody was given makes nobody suspicious.
func TestStarterCodeDoesNotCount(t *testing.T) {
	stub := source(t, "solutions/07_scan/scan.go")
	of := map[string]similar.Prints{"alice": prints(stub), "bob": prints(stub + "\nfunc more() {}\n")}

	assert.Empty(t, similar.Pairs(of, prints(stub), 0.1))
	assert.NotEmpty(t, similar.Pairs(of, nil, 0.1))
}

// In a class, what most have in common is how the task is solved.
func TestWhatMostHaveDoesNotCount(t *testing.T) {
	shared := source(t, "solutions/06_probe/probe.go")
	of := map[string]similar.Prints{}
	for i := range 12 {
		of[fmt.Sprint("s", i)] = prints(shared)
	}

	assert.Empty(t, similar.Pairs(of, nil, 0.5))
}

func TestFormattingDoesNotCount(t *testing.T) {
	src := source(t, "solutions/06_probe/probe.go")
	formatted, err := format.Source([]byte(strings.ReplaceAll(src, "\t", "  ")))
	require.NoError(t, err)
	assert.Equal(t, prints(src), prints(string(formatted)))
	assert.Empty(t, prints("package x\n\nimport (\n\t\"net\"\n\t\"fmt\"\n\t\"os\"\n\t\"io\"\n\t\"bytes\"\n\t\"errors\"\n\t\"strings\"\n\t\"strconv\"\n)\n"), "imports are everybody's")
}

func FuzzFingerprint(f *testing.F) {
	f.Add("package x\nfunc f() { return 1 + 2 }")
	f.Add("\x00\xff`")
	f.Fuzz(func(t *testing.T, src string) {
		p := prints(src)
		assert.LessOrEqual(t, len(p), len(src)+1)
	})
}
