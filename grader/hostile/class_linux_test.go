package hostile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/class"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
)

// inClass are the attacks that are handed in together with honest work. Those
// that last, or need a control beside them, have tests of their own.
var inClass = map[string]attack{
	"broadcast": {file: "broadcast"}, "descriptors": {file: "descriptors"}, "device": {file: "device"}, "exit": {file: "exit"},
	"families": {file: "families"}, "flood-out": {"flood", []string{"WHERE", "Stdout"}}, "flood-err": {"flood", []string{"WHERE", "Stderr"}},
	"forge-0": {"forge", []string{"FROM", "0"}}, "forge-3": {"forge", []string{"FROM", "3"}}, "forge-4": {"forge", []string{"FROM", "4"}},
	"fork": {"fork", []string{"COUNT", "50"}}, "exec": {"exec", []string{"PATH", "/bin/echo"}}, "self": {"exec", []string{"PATH", "/proc/self/exe"}},
	"panic": {file: "goroutine_panic"}, "growsdown": {file: "growsdown"}, "hangup": {file: "hangup"}, "inherited": {file: "inherited"},
	"init-exit": {file: "init_exit"}, "init-panic": {file: "init_panic"}, "kill": {file: "kill"}, "loop": {file: "loop"},
	"manners": {file: "manners"}, "memfd": {file: "memfd"}, "multicast": {file: "multicast"}, "queues": {file: "queues"}, "raw": {file: "raw"},
	"shm": {file: "shm"}, "synflood": {"synflood", []string{"PORT", "int(target.Port())"}}, "takeover": {file: "takeover"},
	"threads": {file: "threads"}, "udpflood": {file: "udpflood"}, "syscalls": {file: "syscalls"},
}

// earnNothing are those whose author has earned nothing on the one check: no
// answer came, or it was not got from the network.
var earnNothing = []string{"exit", "flood-out", "flood-err", "forge-0", "forge-3", "hangup", "init-exit", "init-panic", "loop", "panic", "takeover"}

// compiled are submissions that are refused, or that the compiler does not take.
var compiled = map[string]string{
	"assembly": "package probe\n\n//go:noescape\nfunc x()\n",
	"linkname": "package probe\n\n//go:linkname x runtime.x\nfunc x()\n",
	"cgo":      "package probe\n\nimport \"C\"\n",
	"unsafe":   "package probe\n\nimport _ \"unsafe\"\n",
	"embed":    "package probe\n\nimport _ \"embed\"\n\n//go:embed /etc/passwd\nvar x string\n",
	"solution": "package probe\n\nimport _ \"wirelab/solutions/06_probe\"\n",
	"grader":   "package probe\n\nimport _ \"wirelab/grader/checks\"\n",
	"lines":    "package probe\n\n//line /etc/passwd:1\nfunc {\n",
	"nul":      "package probe\x00\n",
}

// handIn writes a submission.
func handIn(t *testing.T, dir, student string, files map[string][]byte) {
	t.Helper()
	folder := filepath.Join(dir, student, ex)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
}

func digestOf(t *testing.T, dir string) string {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = data
		return err
	}))
	return stage.Digest(files)
}

// Forty hostile submissions are graded beside honest ones: none is the kit's
// fault, none that earned nothing has a point, none costs anybody else one, and
// what was handed in and what is written are as they should be.
func TestAClassOfAttackers(t *testing.T) {
	t.Parallel()
	k := theirs(t)
	subs, out := t.TempDir(), filepath.Join(t.TempDir(), "grades")
	for name, a := range inClass {
		handIn(t, subs, "x-"+name, a.submission(t, k))
	}
	for name, source := range compiled {
		handIn(t, subs, "y-"+name, map[string][]byte{"probe.go": []byte(source)})
	}
	require.GreaterOrEqual(t, len(inClass)+len(compiled), 40)
	const honest = 3
	for i := range honest {
		files := attack{file: "none"}.submission(t, k)
		files["attack.go"] = fmt.Appendf(files["attack.go"], "\n// Student %d.\n", i)
		handIn(t, subs, fmt.Sprintf("w-honest-%d", i), files)
	}
	before := digestOf(t, subs)
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	c := class.Class{
		Grader:    &grade.Grader{Builder: k.builder, Pristine: pristine.FS(), Exercises: all, Lab: k.maker(), Checks: []string{usual}},
		Exercises: []exercise.Manifest{k.manifest}, Kit: "a kit", Out: out, Jobs: 2,
	}
	entries, _, err := class.Find(subs)
	require.NoError(t, err)

	rows, err := c.Run(t.Context(), entries)

	require.NoError(t, err)
	points := map[string]class.Row{}
	for _, r := range rows {
		points[r.Student] = r
		assert.False(t, r.Fault, "%s was taken for the kit's fault", r.Student)
	}
	for i := range honest {
		assert.Equal(t, 2, points[fmt.Sprintf("w-honest-%d", i)].Points, "somebody honest has lost points")
	}
	for _, name := range earnNothing {
		r := points["x-"+name]
		assert.Zero(t, r.Points, name)
		assert.Equal(t, check.Fail, r.Status, name)
		assert.NotEmpty(t, said(t, filepath.Join(out, r.Student)), "%s is not named", name)
	}
	for name := range compiled {
		assert.Zero(t, points["y-"+name].Points, name)
		assert.NotEmpty(t, said(t, filepath.Join(out, "y-"+name)), "%s is not named", name)
	}
	assert.Equal(t, before, digestOf(t, subs), "what was handed in has changed")
	listed, err := os.ReadDir(out)
	require.NoError(t, err)
	assert.Len(t, listed, len(entries)+1, "there is more than the results and the lock")
}

// said is what the report says against a submission.
func said(t *testing.T, dir string) string {
	t.Helper()
	_, r, err := class.Load(dir)
	require.NoError(t, err)
	var texts []string
	for _, e := range r.Exercises {
		texts = append(texts, e.Message)
		for _, c := range e.Checks {
			texts = append(texts, c.Message)
		}
	}
	return strings.Join(texts, "")
}
