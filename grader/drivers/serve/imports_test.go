package serve_test

import (
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every edit of a learner's links this package again: with a JSON-RPC library
// in it that takes half as long again. What is allowed here is linked into the
// program anyway, by encoding/json or by learner code that opens a socket.
func TestImportsStaySmall(t *testing.T) {
	allowed := []string{
		"bufio", "context", "encoding/json", "errors", "fmt", "io", "net", "os", "reflect",
		"runtime", "runtime/debug", "slices", "sync", "syscall", "time",
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	parsed := 0
	for _, file := range files {
		if name := file.Name(); !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.ImportsOnly)
		require.NoError(t, err)
		parsed++
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.Contains(t, allowed, path, file.Name())
		}
	}
	assert.Positive(t, parsed)
}
