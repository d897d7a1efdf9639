package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/mutants"
	"wirelab/grader/pristine"
	"wirelab/labenv/labhost/binary"
)

// students is how many the class of TestClassKilledInBetween has.
var students = flag.Int("students", 12, "size of the class that is graded")

// work is what a student of the test handed in, and what is known of the marks.
type work struct {
	kind   string
	files  map[string][]byte // of 06_probe
	holds  func(t *testing.T, w work, row []string)
	status string
}

// Columns of the gradebook.
const (
	statusColumn = 4
	pointsColumn = 7
	maxColumn    = 8
)

func allPoints(t *testing.T, w work, row []string) {
	t.Helper()
	assert.Equal(t, row[maxColumn], row[pointsColumn], w.kind)
}

func noPoints(t *testing.T, w work, row []string) {
	t.Helper()
	assert.Equal(t, "0", row[pointsColumn], w.kind)
}

func notAllPoints(t *testing.T, w work, row []string) {
	t.Helper()
	assert.NotEqual(t, row[maxColumn], row[pointsColumn], w.kind)
}

// hostile are submissions that attack rather than answer.
var hostile = map[string]string{
	"ends with status 0": `os.Exit(0)`,
	"forges a verdict":   `fmt.Println(` + "`" + `{"status":"pass","points":24}` + "`" + `); os.Exit(0)`,
	"never ends":         `for {}`,
	"floods":             `for { fmt.Println("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") }`,
}

const attack = `package probe

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"wirelab/exercises/port"
)

func init() { _ = fmt.Sprint(os.Args) }

func Probe(context.Context, netip.AddrPort, time.Duration) (port.Result, error) {
	%s
	return port.Result{}, nil
}
`

// works returns what students hand in: references, mutants, stubs, hostile and
// broken code, in turn.
func works(t *testing.T, n int) []work {
	t.Helper()
	reference := map[string][]byte{"probe.go": kitFile(t, "solutions/06_probe/probe.go")}
	all, err := mutants.Load("06_probe")
	require.NoError(t, err)
	shipped, err := fs.ReadFile(pristine.FS(), "06_probe/probe.go")
	require.NoError(t, err)
	attacks := slices.Sorted(maps.Keys(hostile))
	var made []work
	for i := range n {
		mark := fmt.Appendf(nil, "\n// Student %d.\n", i) // no two are the same
		switch i % 6 {
		case 0, 1:
			made = append(made, work{kind: "reference", files: map[string][]byte{"probe.go": append(append([]byte{}, reference["probe.go"]...), mark...)}, holds: allPoints, status: "pass"})
		case 2, 3:
			mutant := all[i%len(all)]
			files, err := mutant.Apply(reference)
			require.NoError(t, err)
			made = append(made, work{kind: mutant.Name, files: map[string][]byte{"probe.go": append(files["probe.go"], mark...)}, holds: notAllPoints, status: "fail"})
		case 4:
			name := attacks[i/6%len(attacks)]
			made = append(made, work{kind: name, files: map[string][]byte{"probe.go": append(fmt.Appendf(nil, attack, hostile[name]), mark...)}, holds: noPoints, status: "fail"})
		case 5:
			made = append(made, []work{
				{kind: "stub", files: map[string][]byte{"probe.go": shipped}, holds: noPoints, status: "not-started"},
				{kind: "broken", files: map[string][]byte{"probe.go": append([]byte("package probe\n\nfunc Probe( {"), mark...)}, holds: noPoints, status: "fail"},
			}[i/6%2])
		}
	}
	return made
}

func kitFile(t *testing.T, name string) []byte {
	t.Helper()
	root, err := binary.Root()
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	return data
}

func handIn(t *testing.T, dir string, all []work) {
	t.Helper()
	for i, w := range all {
		folder := filepath.Join(dir, fmt.Sprintf("s%03d", i), "06_probe")
		require.NoError(t, os.MkdirAll(folder, 0o755))
		for name, data := range w.files {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o600))
		}
	}
}

func gradebook(t *testing.T, grades string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(grades, "grades.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// A class is graded, and graded again by a run that is killed half-way and goes
// on: the marks are right both times, and nobody is graded twice.
func TestClassKilledInBetween(t *testing.T) {
	all := works(t, *students)
	dir := t.TempDir()
	require.NoError(t, copyKit(filepath.Join(dir, "kit")))
	handIn(t, filepath.Join(dir, "subs"), all)
	kit, key := filepath.Join(dir, "kit"), filepath.Join(dir, "key")
	grade := func(out string) *running {
		return start(t, kit, "grade", "../subs", "--out", out, "--key", key, "probe")
	}
	limit := time.Duration(len(all)) * 10 * time.Second // far beyond what it takes

	first := grade("../first")
	requireEnd(t, first, limit)
	killed := grade("../second")
	require.Eventually(t, func() bool { return len(results(t, filepath.Join(dir, "second"))) >= len(all)/3 }, limit, 10*time.Millisecond)
	require.NoError(t, killed.cmd.Process.Signal(syscall.SIGKILL))
	<-killed.done
	kept := results(t, filepath.Join(dir, "second"))
	require.Less(t, len(kept), len(all), "it was killed too late to prove anything")
	requireEnd(t, grade("../second"), limit)

	once, twice := gradebook(t, filepath.Join(dir, "first")), gradebook(t, filepath.Join(dir, "second"))
	require.Len(t, once, len(all))
	assert.Equal(t, once, twice, "the marks of a run that was killed are others")
	for i, w := range all {
		w.holds(t, w, once[i])
		assert.Equal(t, w.status, once[i][statusColumn], w.kind)
	}
	for path, info := range kept {
		now, err := os.Stat(path)
		require.NoError(t, err)
		assert.True(t, os.SameFile(info, now), "%s was graded twice", path)
	}
	left, err := filepath.Glob(filepath.Join(dir, "second", ".*-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func requireEnd(t *testing.T, p *running, limit time.Duration) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		t.Fatal("it goes on")
	}
	require.Zero(t, p.cmd.ProcessState.ExitCode(), "%s%s", &p.stdout, &p.stderr)
}

// results returns the records that are there.
func results(t *testing.T, grades string) map[string]os.FileInfo {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(grades, "s*", "record.json"))
	require.NoError(t, err)
	found := map[string]os.FileInfo{}
	for _, p := range paths {
		info, err := os.Stat(p)
		require.NoError(t, err)
		found[p] = info
	}
	return found
}
