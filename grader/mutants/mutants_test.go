package mutants_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/exercise"
	"wirelab/grader/mutants"
	"wirelab/grader/pristine"
)

const sound = `reason = "A timeout is reported CLOSED."
killed_by = ["silent-is-filtered"]

[[edit]]
file = "probe.go"
old = '''
	return port.Filtered
'''
new = '''
	return port.Closed
'''
`

func TestLoad(t *testing.T) {
	fsys := fstest.MapFS{
		"06_probe/b.toml":    {Data: []byte(sound)},
		"06_probe/a.toml":    {Data: []byte(sound)},
		"06_probe/README.md": {Data: []byte("not a mutant")},
		"07_scan/c.toml":     {Data: []byte(sound)},
	}
	got, err := mutants.LoadFrom(fsys, "06_probe")
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "a", got[0].Name)
	assert.Equal(t, mutants.Mutant{
		Name: "b", Reason: "A timeout is reported CLOSED.", KilledBy: []string{"silent-is-filtered"},
		Edits: []mutants.Edit{{File: "probe.go", Old: "\treturn port.Filtered\n", New: "\treturn port.Closed\n"}},
	}, got[1])

	got, err = mutants.LoadFrom(fsys, "99_nothing")
	assert.NoError(t, err)
	assert.Empty(t, got)
}

// A mutant that is not written as it should be proves nothing: each is named,
// and the others are loaded.
func TestLoadIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"no TOML":            "reason = ",
		"an unknown key":     "severity = 3\n" + sound,
		"a misspelt edit":    strings.Replace(sound, "old =", "older =", 1),
		"no reason":          strings.Replace(sound, "A timeout is reported CLOSED.", "", 1),
		"no killer":          strings.Replace(sound, `["silent-is-filtered"]`, "[]", 1),
		"no edit":            strings.SplitN(sound, "[[edit]]", 2)[0],
		"an edit of no file": strings.Replace(sound, "probe.go", "", 1),
		"an edit of nothing": strings.Replace(sound, "\n\treturn port.Filtered\n", "", 1),
		"an edit to itself":  strings.Replace(sound, "port.Closed", "port.Filtered", 1),
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"06_probe/bad.toml": {Data: []byte(text)}, "06_probe/good.toml": {Data: []byte(sound)}}
			got, err := mutants.LoadFrom(fsys, "06_probe")
			require.ErrorIs(t, err, mutants.ErrMutant)
			assert.ErrorContains(t, err, "grader/mutants/06_probe/bad.toml")
			require.Len(t, got, 1)
			assert.Equal(t, "good", got[0].Name)
		})
	}
}

func TestApply(t *testing.T) {
	reference := map[string][]byte{"a.go": []byte("one two two"), "b.go": []byte("three")}
	kept := maps.Clone(reference)
	edit := func(file, old, replacement string) mutants.Mutant {
		return mutants.Mutant{Name: "m", Edits: []mutants.Edit{{File: file, Old: old, New: replacement}}}
	}
	both := mutants.Mutant{Edits: []mutants.Edit{{File: "a.go", Old: "one", New: "two"}, {File: "a.go", Old: "two two two", New: "six"}}}
	got, err := both.Apply(reference)
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"a.go": []byte("six"), "b.go": []byte("three")}, got, "an edit sees those before it")

	for name, m := range map[string]mutants.Mutant{
		"text that is there twice":      edit("a.go", "two", "2"),
		"text that is not there":        edit("a.go", "four", "4"),
		"text of another file":          edit("b.go", "one", "1"),
		"a file that is not there":      edit("c.go", "one", "1"),
		"text that the first edit took": {Edits: []mutants.Edit{{File: "b.go", Old: "three", New: "3"}, {File: "b.go", Old: "three", New: "3"}}},
	} {
		_, err := m.Apply(reference)
		assert.ErrorIs(t, err, mutants.ErrMutant, name)
	}
	assert.Equal(t, kept, reference, "the reference is left alone")
}

// TestShipped holds that every mutant of the kit fits its reference, is Go, and
// is meant for checks that there are. Whether the checks kill it, `wirelab
// verify` shows.
func TestShipped(t *testing.T) {
	manifests, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	for _, m := range manifests {
		folder := filepath.Join("..", "..", "solutions", m.ID)
		reference := sources(t, folder)
		for _, name := range m.Data {
			data, err := os.ReadFile(filepath.Join(folder, name))
			require.NoError(t, err)
			reference[name] = data
		}
		all, err := mutants.Load(m.ID)
		require.NoError(t, err)
		assert.NotEmpty(t, all, m.ID)
		for _, mutant := range all {
			t.Run(m.ID+"/"+mutant.Name, func(t *testing.T) {
				files, err := mutant.Apply(reference)
				require.NoError(t, err)
				assert.NotEqual(t, reference, files)
				for name, data := range files {
					if filepath.Ext(name) != ".go" {
						continue
					}
					_, err := parser.ParseFile(token.NewFileSet(), name, data, parser.AllErrors)
					assert.NoError(t, err)
				}
				for _, id := range mutant.KilledBy {
					_, known := m.Check(id)
					assert.True(t, known, "there is no check %s", id)
				}
			})
		}
	}
}

// A mutant may have the edits of another one, and its reason.
func TestLike(t *testing.T) {
	const like = "like = \"06_probe/a\"\nkilled_by = [\"pins-states\"]\n"
	fsys := fstest.MapFS{"06_probe/a.toml": {Data: []byte(sound)}, "scanners/b.toml": {Data: []byte(like)}}
	got, err := mutants.LoadFrom(fsys, "scanners")
	require.NoError(t, err)
	assert.Equal(t, []mutants.Mutant{{
		Name: "b", Like: "06_probe/a", Reason: "A timeout is reported CLOSED.", KilledBy: []string{"pins-states"},
		Edits: []mutants.Edit{{File: "probe.go", Old: "\treturn port.Filtered\n", New: "\treturn port.Closed\n"}},
	}}, got)

	_, edits, _ := strings.Cut(sound, "[\"silent-is-filtered\"]\n")
	for name, text := range map[string]string{
		"another that is not there": strings.Replace(like, "/a", "/c", 1),
		"edits of its own besides":  like + edits,
	} {
		fsys["scanners/b.toml"] = &fstest.MapFile{Data: []byte(text)}
		_, err := mutants.LoadFrom(fsys, "scanners")
		assert.ErrorIs(t, err, mutants.ErrMutant, name)
	}
}

// sources returns the Go files of a folder by base name: its tests only where
// they are the solution.
func sources(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	files, tests := map[string][]byte{}, map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.HasSuffix(name, "_test.go") {
			tests[filepath.Base(name)] = data
			continue
		}
		files[filepath.Base(name)] = data
	}
	if delete(files, "contract.go"); len(files) == 0 {
		files = tests
	}
	require.NotEmpty(t, files, folder)
	return files
}
