package stage_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/exercise"
	"wirelab/grader/stage"
)

var update = flag.Bool("update", false, "record testdata/refusals.golden anew")

var probe = exercise.Manifest{
	ID: "06_probe", Package: "probe", File: "probe.go", Needs: []string{},
	Imports: []string{"std", "wirelab/exercises/port"},
}

const (
	stub     = "package probe\n\n// Probe asks.\nfunc Probe() {}\n"
	contract = "package probe\n\nvar _ func() = Probe\n"
)

// shipped is the exercises folder of the kit that the tests submit to.
var shipped = fstest.MapFS{
	"06_probe/probe.go":      {Data: []byte(stub)},
	"06_probe/contract.go":   {Data: []byte(contract)},
	"06_probe/probe_test.go": {Data: []byte("package probe\n")},
	"06_probe/README.md":     {Data: []byte("Probe.\n")},
	"port/port.go":           {Data: []byte("package port\n")},
}

// submit writes files, by base name, to a folder and returns its path.
func submit(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "06_probe")
	require.NoError(t, os.Mkdir(dir, 0o755))
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(data), 0o644))
	}
}

func read(t *testing.T, files map[string]string) (stage.Files, error) {
	t.Helper()
	return stage.Read(probe, shipped, submit(t, files))
}

func names[V any](files map[string]V) []string { return slices.Sorted(maps.Keys(files)) }

func TestReadTakesTheLearnersFiles(t *testing.T) {
	mine := "package probe\n\nimport \"errors\"\n\nfunc Probe() error { return errors.New(text) }\n"
	got, err := read(t, map[string]string{
		"probe.go":      mine,
		"text_2.go":     "//go:build linux\n\npackage probe\n\nconst text = `\n//go:embed me not\n//line no.go:1\n`\n",
		"contract.go":   contract,
		"probe_test.go": "package whatever; import \"os/exec\"",
		"notes.txt":     "mine",
		".probe.go.swp": "\x00",
		"notes/a.txt":   "mine",
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"probe.go", "text_2.go"}, names(got.Go))
	assert.Equal(t, mine, string(got.Go["probe.go"]))
	assert.Empty(t, got.Notes)
	assert.False(t, got.Untouched)
}

func TestReadKnowsAnUntouchedExercise(t *testing.T) {
	for name, c := range map[string]struct {
		files     map[string]string
		untouched bool
	}{
		"as shipped":         {map[string]string{"probe.go": stub, "contract.go": contract, "probe_test.go": "package probe\n"}, true},
		"stub alone":         {map[string]string{"probe.go": stub}, true},
		"CRLF":               {map[string]string{"probe.go": strings.ReplaceAll(stub, "\n", "\r\n")}, true},
		"only a test edited": {map[string]string{"probe.go": stub, "probe_test.go": "package probe // mine\n"}, true},
		"one byte more":      {map[string]string{"probe.go": stub + "\n"}, false},
		"a file more":        {map[string]string{"probe.go": stub, "more.go": "package probe\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, c.files)
			require.NoError(t, err)
			assert.Equal(t, c.untouched, got.Untouched)
		})
	}
}

func TestReadNotesWhatItIgnores(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		note  string
	}{
		"another contract": {map[string]string{"contract.go": "package probe\n"}, "contract.go differs from the kit's and was ignored"},
		"a huge contract":  {map[string]string{"contract.go": strings.Repeat("\n", stage.MaxBytes+1)}, "contract.go differs from the kit's and was ignored"},
		"a subfolder":      {map[string]string{"helper/help.go": "package helper\n"}, "the folder helper is ignored: the files of an exercise are in one folder"},
		"a name for Windows": {
			map[string]string{"probe_windows.go": "package other; import \"os/exec\""},
			"probe_windows.go is not compiled: its name or its //go:build line is not for ",
		},
		"a constraint":  {map[string]string{"draft.go": "//go:build ignore\n\npackage main\n"}, "draft.go is not compiled: its name or its //go:build line is not for "},
		"an underscore": {map[string]string{"_old.go": "package old\n"}, "_old.go is not compiled: Go passes over names that begin with _"},
	} {
		t.Run(name, func(t *testing.T) {
			c.files["probe.go"] = stub
			got, err := read(t, c.files)
			require.NoError(t, err)
			require.Len(t, got.Notes, 1)
			assert.Contains(t, got.Notes[0], c.note)
			assert.Equal(t, []string{"probe.go"}, names(got.Go))
			assert.True(t, got.Untouched)
		})
	}
}

func TestReadTakesAContractWithOtherLineEnds(t *testing.T) {
	got, err := read(t, map[string]string{"probe.go": stub, "contract.go": strings.ReplaceAll(contract, "\n", "\r\n")})
	require.NoError(t, err)
	assert.Empty(t, got.Notes)
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	dir := submit(t, map[string]string{"prob.go": stub})
	_, err := stage.Read(probe, shipped, dir)
	require.ErrorIs(t, err, stage.ErrMissing)
	stubPath := filepath.ToSlash(filepath.Join(dir, "probe.go"))
	assert.EqualError(t, err, stubPath+" is missing: put it back, from a fresh copy of the kit or with `git checkout -- "+stubPath+"`")

	_, err = stage.Read(probe, shipped, filepath.Join(dir, "nowhere"))
	var missing *stage.MissingError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, filepath.ToSlash(filepath.Join(dir, "nowhere")), missing.Path)
}

func TestReadNeedsTheKitsExercise(t *testing.T) {
	_, err := stage.Read(probe, fstest.MapFS{}, submit(t, map[string]string{"probe.go": stub}))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotErrorIs(t, err, stage.ErrMissing)
}

// refusals are submissions that are not compiled, beside a good probe.go.
var refusals = []struct {
	name  string
	files map[string]string
}{
	{"an import that starts programs", map[string]string{"probe.go": "package probe\n\nimport (\n\t\"fmt\"\n\tx \"os/exec\"\n)\n"}},
	{"each import has its reason", map[string]string{"probe.go": `package probe
import "C"
import _ "unsafe"
import _ "embed"
import . "plugin"
import "syscall"
import "golang.org/x/sys/unix"
import "reflect"
import "runtime/debug"
import "testing"
import "net/http"
import "wirelab/solutions/06_probe"
import "wirelab/grader/check"
import "wirelab/labenv/plan"
import "wirelab/exercises/07_scan"
import "github.com/someone/else"
`}},
	{"directives", map[string]string{"probe.go": `//go:debug madvdontneed=1
package probe

//go:linkname x runtime.x
//go:embed secret
//go:generate rm -rf /
//go:noescape
//go:cgo_import_dynamic _ _ "evil"
	//go:nosplit
func f() { /*line other.go:7*/ g() }
//line other.go:1
//line /etc/passwd:1:1
//export f
func g() {} //go:norace
//go:buildx
/*line :1:1*/
`}},
	{"a line directive does not move the report", map[string]string{"probe.go": "package probe\n//line x.go:1000\nimport \"os/exec\"\n"}},
	{"another package", map[string]string{"probe.go": "package main\n"}},
	{"syntax errors hide an import", map[string]string{"probe.go": "package probe\nfunc f( {\nimport \"os/exec\"\n"}},
	{"an import after the code", map[string]string{"probe.go": "package probe\nfunc f() {}\nimport \"os/exec\"\n"}},
	{"no package clause", map[string]string{"probe.go": "func f() {}\n"}},
	{"empty", map[string]string{"probe.go": ""}},
	{"an open comment", map[string]string{"probe.go": "package probe\n/*line x.go:1"}},
	{"a NUL", map[string]string{"probe.go": "package probe\n\x00var x int\n"}},
	{"bad UTF-8", map[string]string{"probe.go": "package probe\n// \xff\n"}},
	{"UTF-16", map[string]string{"probe.go": "\xff\xfep\x00a\x00"}},
	{"a BOM in the middle", map[string]string{"probe.go": "package probe\n\ufeffvar x int\n"}},
	{"assembly", map[string]string{"probe_amd64.s": "TEXT", "x.S": "", "y.syso": "", "z.c": "", "z.h": "", "w.swigcxx": ""}},
	{"names", map[string]string{"my-probe.go": stub, "probe .go": stub, "pröbe.go": stub, "x\x1b[2J.go": stub}},
	{"too many files", numbered(stage.MaxFiles)},
	{"too large", map[string]string{"more.go": "package probe\n//" + strings.Repeat("x", stage.MaxBytes)}},
	{"too large together", map[string]string{
		"a.go": "package probe\n//" + strings.Repeat("x", stage.MaxBytes/2),
		"b.go": "package probe\n//" + strings.Repeat("x", stage.MaxBytes/2),
	}},
	{"everything at once", map[string]string{
		"a.go": "package other\nimport \"os/exec\"\n", "b.go": "package probe\n//go:nosplit\nfunc b() {}\n", "c.s": "",
	}},
	{"endless", map[string]string{"probe.go": "package probe\n" + strings.Repeat("import \"os/exec\"\n", 30)}},
	{"long names", map[string]string{"probe.go": "package " + strings.Repeat("p", 400) + "\nimport \"" + strings.Repeat("i", 400) + "\"\n//go:" + strings.Repeat("d", 400) + "\n"}},
}

func numbered(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("file%02d.go", i)] = "package probe\n"
	}
	return files
}

// TestRefusalsReadWell holds every refusal to what people see, recorded in
// testdata/refusals.golden.
func TestRefusalsReadWell(t *testing.T) {
	var got strings.Builder
	for _, c := range refusals {
		if _, given := c.files["probe.go"]; !given {
			c.files["probe.go"] = stub
		}
		files, err := read(t, c.files)
		var refused *stage.RefusedError
		require.ErrorAs(t, err, &refused, c.name)
		require.NotEmpty(t, refused.Problems, c.name)
		assert.Empty(t, files.Go, c.name)
		fmt.Fprintf(&got, "# %s\n%v\n\n", c.name, err)
	}
	const golden = "testdata/refusals.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String())
}

func TestReadRefusesLinks(t *testing.T) {
	dir := submit(t, map[string]string{"probe.go": stub})
	secret := filepath.Join(t.TempDir(), "secret.go")
	require.NoError(t, os.WriteFile(secret, []byte("package probe\n"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "more.go")))
	require.NoError(t, os.Symlink("probe.go", filepath.Join(dir, "same.go")))
	_, err := stage.Read(probe, shipped, dir)
	assert.EqualError(t, err, "more.go: is a symbolic link; put the file itself here.\nsame.go: is a symbolic link; put the file itself here.")
}

func TestReadRefusesALinkedFolder(t *testing.T) {
	dir := submit(t, map[string]string{"probe.go": stub})
	link := filepath.Join(t.TempDir(), "linked")
	require.NoError(t, os.Symlink(dir, link))
	for _, name := range []string{link, link + "/"} {
		_, err := stage.Read(probe, shipped, name)
		assert.EqualError(t, err, "linked: is a symbolic link; put the folder itself here.", name)
	}
	_, err := stage.Read(probe, shipped, filepath.Join(dir, "probe.go"))
	assert.EqualError(t, err, "probe.go: is not a folder.")
}

func TestReadTakesTestsWhereTheyAreGraded(t *testing.T) {
	pin := exercise.Manifest{ID: "15_pin", Package: "pin", File: "pin_test.go", Imports: []string{"std", "testing"}}
	kit := fstest.MapFS{"15_pin/pin_test.go": {Data: []byte("package pin_test\n")}}
	dir := submit(t, map[string]string{"pin_test.go": "package pin_test\n\nimport \"testing\"\n\nfunc TestPin(t *testing.T) {}\n"})
	got, err := stage.Read(pin, kit, dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"pin_test.go"}, names(got.Go))
	assert.False(t, got.Untouched)
}

// An exercise may ask for files that are not Go. They are taken as they are, and
// guarded like the others; files that it does not ask for are left alone.
func TestReadTakesTheDataThatIsAskedFor(t *testing.T) {
	draft := exercise.Manifest{ID: "06_probe", Package: "probe", File: "probe.go", Imports: []string{"std"}, Data: []string{"review.toml"}}
	kit := maps.Clone(shipped)
	kit["06_probe/review.toml"] = &fstest.MapFile{Data: []byte("# yours\n")}
	dir := submit(t, map[string]string{"probe.go": stub, "review.toml": "# yours\n", "notes.toml": "x"})
	got, err := stage.Read(draft, kit, dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"probe.go", "review.toml"}, names(got.Go))
	assert.True(t, got.Untouched)

	write(t, dir, map[string]string{"review.toml": "not even TOML: \x00"})
	got, err = stage.Read(draft, kit, dir)
	require.NoError(t, err)
	assert.False(t, got.Untouched)

	require.NoError(t, os.Remove(filepath.Join(dir, "review.toml")))
	require.NoError(t, os.Symlink("notes.toml", filepath.Join(dir, "review.toml")))
	_, err = stage.Read(draft, kit, dir)
	assert.EqualError(t, err, "review.toml: is a symbolic link; put the file itself here.")
	require.NoError(t, os.Remove(filepath.Join(dir, "review.toml")))
	write(t, dir, map[string]string{"review.toml": strings.Repeat("#", stage.MaxBytes)})
	_, err = stage.Read(draft, kit, dir)
	assert.ErrorContains(t, err, "review.toml: is too large")
}

func TestDigest(t *testing.T) {
	digest := func(files map[string]string) string {
		data := map[string][]byte{}
		for name, text := range files {
			data[name] = []byte(text)
		}
		return stage.Digest(data)
	}
	assert.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest(nil), "SHA-256 of nothing")
	sets := []map[string]string{{"a": "b"}, {"a": "c"}, {"b": "b"}, {"a": "", "b": ""}, {"ab": ""}, {"": "ab"}, {"a": "b", "c": ""}}
	seen := map[string]bool{}
	for _, set := range sets {
		assert.Equal(t, digest(set), digest(maps.Clone(set)))
		seen[digest(set)] = true
	}
	assert.Len(t, seen, len(sets), "different sets have different digests")
}
