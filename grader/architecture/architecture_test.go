// Package architecture holds the rules about who may import whom, each with
// its reason. A rule about a package that no longer exists fails as well.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
	Standard     bool
}

// rule restricts what the packages at or below Of import.
type rule struct {
	of  string
	why string
	// only lists all that may be imported besides the standard library; never
	// lists what may not. A path stands for what is below it as well.
	only, never []string
	// deep looks at everything that is linked in, not only at direct imports.
	deep bool
	// alone restricts the rule to the package itself.
	alone bool
}

const (
	testify  = "github.com/stretchr/testify"
	gopacket = "github.com/google/gopacket"
)

var rules = []rule{
	{of: "wirelab/exercises", why: "learners read these packages first: they need no more than a learner's code may use",
		only: []string{gopacket, "golang.org/x/net", "golang.org/x/sys", "wirelab/exercises"}},
	{of: "wirelab/solutions", why: "a reference may use what a learner may, and takes an exercise's place by overlay",
		only: []string{gopacket, "golang.org/x/net", "golang.org/x/sys", "wirelab/exercises"}},
	{of: "wirelab/exercises/port", why: "everybody builds on the vocabulary: it builds on nothing", only: []string{}, deep: true},
	{of: "wirelab/labenv", why: "a lab knows nothing of grading: it is used by learners' tests and by shells, too",
		never: []string{"wirelab/grader", "wirelab/solutions"}, deep: true},
	{of: "wirelab/labenv/plan", why: "a plan is data: it can be read where no lab can run",
		only: []string{"wirelab/exercises/port"}, deep: true},
	{of: "wirelab/labenv/wire", why: "evidence is judged by packets alone, not by what a lab promised to do",
		only: []string{gopacket, "wirelab/exercises/port", "wirelab/labenv/plan"}},
	{of: "wirelab/labenv/labhost", why: "the program is sent into every lab: it stays small, and starts in milliseconds",
		never: []string{"net/http", testify, "github.com/alecthomas/kong", "wirelab/grader"}, deep: true, alone: true},
	{of: "wirelab/grader/drivers/serve", why: "it is linked with learners' code on every edit, and its size is their waiting time",
		only: []string{"wirelab/exercises"}, deep: true},
	{of: "wirelab/grader/checks", why: "a check asks through the driver and reads the wire; an exercise in its own process could answer for it",
		only: []string{testify, "github.com/pelletier/go-toml/v2", "wirelab/grader/check", "wirelab/grader/drive", "wirelab/grader/mutants", "wirelab/grader/scanners", "wirelab/labenv/plan", "wirelab/labenv/wire", "wirelab/exercises/port", "wirelab/testdata/captures"}},
	{of: "wirelab/grader/check", why: "hidden checks run in the grader's process: no code of a learner's may be linked into it",
		never: []string{numbered, "wirelab/solutions"}, deep: true},
	{of: "wirelab/grader/drivers/trial", why: "it is linked into learners' tests: it can ask, and knows no answer",
		only: []string{"wirelab/exercises/port", "wirelab/labenv", "wirelab/labenv/plan"}, deep: true},
	{of: "wirelab/grader/report", why: "every export is written from one report value, by whoever holds it",
		only: []string{"wirelab/grader/check", "github.com/jstemmer/go-junit-report/v2/junit"}},
	{of: "wirelab/grader/cmd/wirelab", why: "the kit builds, and grades, while an exercise does not compile",
		never: []string{numbered, "wirelab/solutions"}, deep: true},
}

// gopacketIn are the packages that may import gopacket in the kit proper. It
// is no longer maintained: the fewer places know it, the easier it is replaced.
var gopacketIn = []string{
	"wirelab/labenv/wire", "wirelab/labenv/labtest",
	"wirelab/grader/cmd/bench",    // it measures wire against a bare loop
	"wirelab/grader/drivers/warm", // it has the compiler meet what learners' code may import
}

func TestImportRules(t *testing.T) {
	packages := list(t)
	for _, r := range rules {
		t.Run(strings.TrimPrefix(r.of, "wirelab/"), func(t *testing.T) {
			found := false
			for path, p := range packages {
				if path != r.of && (r.alone || !below(path, r.of)) {
					continue
				}
				found = true
				for _, imported := range r.broken(packages, p) {
					t.Errorf("%s imports %s, and must not: %s", path, imported, r.why)
				}
			}
			require.True(t, found, "there is no package %s any more: mend the rule", r.of)
		})
	}
}

func TestGopacketStaysInFewPlaces(t *testing.T) {
	for path, p := range list(t) {
		if !below(path, "wirelab/labenv") && !below(path, "wirelab/grader") {
			continue
		}
		for _, imported := range p.Imports {
			if below(imported, gopacket) && !belowAny(path, gopacketIn) {
				t.Errorf("%s imports %s: package wire reads and writes recordings for everybody", path, imported)
			}
		}
	}
}

// learners' tests may use testify and labtest besides what their code may.
func TestLearnersTestsNeedNoGrader(t *testing.T) {
	allowed := []string{testify, gopacket, "golang.org/x/net", "golang.org/x/sys", "wirelab/exercises", "wirelab/labenv/labtest", "pgregory.net/rapid"}
	checked := 0
	for path, p := range list(t) {
		if !below(path, "wirelab/exercises") && !below(path, "wirelab/solutions") {
			continue
		}
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			checked++
			if !standard(imported) && !belowAny(imported, allowed) && imported != path {
				t.Errorf("the tests of %s import %s: a learner's test needs labtest and testify, no more", path, imported)
			}
		}
	}
	require.NotZero(t, checked)
}

// broken returns the imports of p that the rule forbids.
func (r rule) broken(all map[string]listed, p listed) []string {
	imports := p.Imports
	if r.deep {
		imports = p.Deps
	}
	var bad []string
	for _, i := range imports {
		switch {
		case belowAny(i, r.never):
			bad = append(bad, i)
		case r.only != nil && !all[i].Standard && !standard(i) && !belowAny(i, r.only) && !below(i, r.of):
			bad = append(bad, i)
		}
	}
	return bad
}

// standard tells whether a path is the standard library's: its first element
// has no dot and is not this module's.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "wirelab"
}

// numbered stands for every exercise that learners write: wirelab/exercises/06_probe.
const numbered = "wirelab/exercises/[0-9]"

func below(path, root string) bool {
	if root == numbered {
		rest, ok := strings.CutPrefix(path, "wirelab/exercises/")
		return ok && rest[0] >= '0' && rest[0] <= '9'
	}
	return path == root || strings.HasPrefix(path, root+"/")
}

func belowAny(path string, roots []string) bool {
	for _, r := range roots {
		if below(path, r) {
			return true
		}
	}
	return false
}

// list asks the go command for all packages of the kit.
func list(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps,Standard", "wirelab/...")
	out, err := cmd.Output()
	require.NoError(t, err)
	packages := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages[p.ImportPath] = p
	}
}
