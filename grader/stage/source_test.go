package stage_test

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/stage"
)

func TestCheckSourceLetsTheCompilerSpeak(t *testing.T) {
	for name, src := range map[string]string{
		"an ordinary file":   stub,
		"a BOM":              "\ufeff" + stub,
		"CRLF":               "package probe\r\n\r\n//go:build linux\r\nvar x = 1\r\n",
		"prose":              "package probe\n// go:linkname is a directive, as is //line\n//linear\n/* line 1 */\nvar x = \"//go:embed\"\n",
		"a missing brace":    "package probe\nimport \"net\"\nfunc f( {\n",
		"a stray word":       "package probe\nfoo bar baz\n",
		"a type error":       "package probe\nvar x int = \"one\"\n",
		"deeply nested":      "package probe\nvar x = " + strings.Repeat("(", 120000) + "1" + strings.Repeat(")", 120000) + "\n",
		"deep operators":     "package probe\nvar x = " + strings.Repeat("- ", 120000) + "1\n",
		"deep pointers":      "package probe\nvar x " + strings.Repeat("*", 240000) + "int\n",
		"deep blocks":        "package probe\nfunc f() " + strings.Repeat("{", 250000),
		"deep functions":     "package probe\nvar x = " + strings.Repeat("func(){_=", 25000),
		"deep else":          "package probe\nfunc f() {" + strings.Repeat("if x {} else ", 19000),
		"a giant constant":   "package probe\nconst x = 1 << 100000\nvar y [1 << 40]int\n",
		"deep type argument": "package probe\nvar x " + strings.Repeat("T[", 100000),
	} {
		assert.Empty(t, stage.CheckSource(probe, "probe.go", []byte(src)), name)
	}
}

func TestCheckSourceTellsWhere(t *testing.T) {
	problems := stage.CheckSource(probe, "probe.go", []byte("package probe\n\nimport (\n\t\"fmt\"\n\t\"os/exec\"\n)\n"))
	assert.Equal(t, []stage.Problem{{
		File: "probe.go", Line: 5, Text: "the import os/exec is not allowed here: learner code starts no programs.",
	}}, problems)
	problems = stage.CheckSource(probe, "probe.go", []byte("package probe\nvar x = \"\n"))
	require.NotEmpty(t, problems)
	assert.Equal(t, "probe.go:2:9: syntax error: string literal not terminated", problems[0].String())
}

// FuzzCheckSource holds what is accepted to two other readers of Go source:
// go/build, which decides what is compiled and linked, and the parser's
// comments.
func FuzzCheckSource(f *testing.F) {
	f.Add([]byte(stub))
	for _, c := range refusals {
		f.Add([]byte(c.files["probe.go"]))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(stage.CheckSource(probe, "probe.go", src)) > 0 {
			return
		}
		judgedByGoBuild(t, src)
		judgedByParser(t, src)
	})
}

func judgedByGoBuild(t *testing.T, src []byte) {
	reader := build.Default
	reader.GOOS, reader.CgoEnabled, reader.UseAllFiles = "linux", true, true
	reader.IsDir = func(string) bool { return true }
	reader.ReadDir = func(string) ([]fs.FileInfo, error) {
		info, err := fs.Stat(fstest.MapFS{"probe.go": {Data: src}}, "probe.go")
		return []fs.FileInfo{info}, err
	}
	reader.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
	pkg, err := reader.ImportDir("/nowhere", 0)
	require.NoError(t, err, "go/build understands what is accepted")
	assert.Equal(t, "probe", pkg.Name)
	assert.Empty(t, pkg.CgoFiles)
	assert.Empty(t, pkg.EmbedPatterns)
	for _, path := range pkg.Imports {
		assert.True(t, probe.Allows(path), path)
	}
	for _, d := range pkg.Directives {
		assert.True(t, strings.HasPrefix(d.Text, "//go:build"), d.Text)
	}
}

// judgedByParser looks at the tree as far as it goes: syntax errors are the
// compiler's to report.
func judgedByParser(t *testing.T, src []byte) {
	file, err := parser.ParseFile(token.NewFileSet(), "probe.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		file, err = parser.ParseFile(token.NewFileSet(), "probe.go", src, parser.ParseComments|parser.ImportsOnly)
	}
	require.NoError(t, err)
	for _, group := range file.Comments {
		for _, c := range group.List {
			d, isDirective := ast.ParseDirective(c.Slash, c.Text)
			assert.False(t, isDirective && d.Tool == "go" && d.Name != "build", c.Text)
			assert.False(t, strings.HasPrefix(c.Text[2:], "line "), c.Text)
		}
	}
}

// TestOrdinarySource reads a file of the checker's own: some of its imports
// are allowed and some are not, and its comments speak of directives.
func TestOrdinarySource(t *testing.T) {
	src, err := os.ReadFile("tree.go")
	require.NoError(t, err)
	var texts []string
	for _, p := range stage.CheckSource(probe, "tree.go", src) {
		texts = append(texts, p.Text)
	}
	assert.Equal(t, []string{
		"the package clause says stage; it must say probe.",
		"the import io/fs is not allowed here: exercise.toml lists what this exercise may use.",
		"the import path is not allowed here: exercise.toml lists what this exercise may use.",
		"the import path/filepath is not allowed here: exercise.toml lists what this exercise may use.",
	}, texts)
}
