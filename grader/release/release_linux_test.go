package release_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/release"
	"wirelab/labenv/labhost/binary"
)

// The kit is made from the commit that is checked out: what is tested here is
// that commit, and not what has been changed since.

func makeKit(t *testing.T) (out, kit string) {
	t.Helper()
	root, err := binary.Root()
	require.NoError(t, err)
	out = t.TempDir()
	r := release.Release{Kit: root, Out: out, Targets: []release.Target{release.Here()}}
	made, err := r.Make(t.Context())
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(out, ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
	return out, made.Folder
}

// A release is the same to the byte when it is made again, gives nothing away,
// and works at once, without a network, in the hands of a learner.
func TestRelease(t *testing.T) {
	out, kit := makeKit(t)

	t.Run("reproducible", func(t *testing.T) {
		again, _ := makeKit(t)
		a, err := os.ReadFile(filepath.Join(out, release.SumsName))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(again, release.SumsName))
		require.NoError(t, err)
		assert.Equal(t, string(a), string(b))
		cmd := exec.Command("sha256sum", "--check", release.SumsName)
		cmd.Dir = out
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	})
	t.Run("gives nothing away", func(t *testing.T) { requireNoAnswers(t, kit) })
	t.Run("in a learner's hands", func(t *testing.T) { play(t, kit) })
}

// A folder that is there already is not touched.
func TestReleaseReplacesNothing(t *testing.T) {
	root, err := binary.Root()
	require.NoError(t, err)
	out := t.TempDir()
	r := release.Release{Kit: root, Out: out}
	require.NoError(t, os.Mkdir(filepath.Join(out, "wirelab-0.1.0"), 0o755))

	_, err = r.Make(t.Context())

	require.ErrorIs(t, err, release.ErrRelease)
}

// requireNoAnswers searches every file of the kit, programs too, for lines of
// the solutions and of the mutants that learners' own sources do not have.
func requireNoAnswers(t *testing.T, kit string) {
	t.Helper()
	answers := answers(t, kit)
	require.Greater(t, len(answers), 500)
	files := 0
	require.NoError(t, filepath.WalkDir(kit, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		assert.NotContains(t, []string{"solutions", "mutants", "checks"}, d.Name())
		if d.IsDir() {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		for line := range answers {
			if bytes.Contains(data, []byte(line)) {
				t.Errorf("%s holds a line of %s: %s", path, answers[line], line)
			}
		}
		return err
	}))
	require.Greater(t, files, 100)
}

// answers are the long lines of the solutions' code, by line, each with the file
// that it comes from.
func answers(t *testing.T, kit string) map[string]string {
	t.Helper()
	root, err := binary.Root()
	require.NoError(t, err)
	var given bytes.Buffer
	for _, tree := range []string{"exercises", "labenv", "grader", "vendor"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(kit, tree), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			data, err := os.ReadFile(path)
			given.Write(data)
			return err
		}))
	}
	lines := map[string]string{}
	names, err := filepath.Glob(filepath.Join(root, "solutions", "*", "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if len(line) >= 40 && !strings.HasPrefix(line, "//") && !bytes.Contains(given.Bytes(), []byte(line)) {
				lines[line] = name
			}
		}
	}
	return lines
}

// play does what a learner does, without a network and without modules.
func play(t *testing.T, kit string) {
	t.Helper()
	root, err := binary.Root()
	require.NoError(t, err)
	modules := t.TempDir()
	do := func(want int, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(context.Background(), name, args...)
		cmd.Dir = kit
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOMODCACHE="+modules)
		out, err := cmd.CombinedOutput()
		if want == 0 {
			require.NoError(t, err, "%s", out)
		}
		require.Equal(t, want, cmd.ProcessState.ExitCode(), "%s", out)
		return string(out)
	}
	wirelab := filepath.Join(kit, "bin", "wirelab")
	hand := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(root, "solutions", from))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(kit, "exercises", to), data, 0o600))
	}

	assert.Contains(t, do(1, wirelab, "check", "probe"), "not started")
	for _, file := range []string{"scan.go", "parse.go", "descriptors_unix.go", "descriptors_other.go"} {
		hand("07_scan/"+file, "07_scan/"+file)
	}
	assert.Contains(t, do(0, "make", "check", "EX=scan"), "graded with the reference of 06_probe", "its reference is sealed")
	hand("15_pin/pin_test.go", "15_pin/pin_test.go")
	assert.Contains(t, do(0, wirelab, "check", "pin"), "24 of 24 points", "the scanners are a program")
	hand("06_probe/probe.go", "06_probe/probe.go")
	do(0, "make", "try", "EX=06_probe")
	assert.Contains(t, do(0, wirelab, "pack"), "submission.tar.gz holds 06_probe, 07_scan, 15_pin")
	assert.Contains(t, do(0, wirelab, "demo"), "SYN-ACK")
	assert.Contains(t, do(2, wirelab, "verify"), "learner's kit")
	assert.Contains(t, do(2, wirelab, "new", "19_demo"), "learner's kit")
	assert.Contains(t, do(2, wirelab, "release", "--out", t.TempDir()), "learner's kit")
}

// The branch shows the solutions of the commit; made again it stays as it is.
// The clone's index and files are left alone.
func TestBranch(t *testing.T) {
	root, err := binary.Root()
	require.NoError(t, err)
	clone := filepath.Join(t.TempDir(), "clone")
	git := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	git(".", "clone", "--quiet", root, clone)
	r := release.Release{Kit: clone}

	commit, err := r.Branch(t.Context())
	require.NoError(t, err)
	again, err := r.Branch(t.Context())
	require.NoError(t, err)

	assert.Equal(t, commit, again)
	assert.Equal(t, commit, git(clone, "rev-parse", "solutions"))
	assert.Equal(t, "LICENSE\nsolutions", git(clone, "ls-tree", "--name-only", "solutions"))
	assert.Equal(t, git(clone, "rev-parse", "HEAD:solutions"), git(clone, "rev-parse", "solutions:solutions"))
	assert.Empty(t, git(clone, "status", "--porcelain"))

	_, err = (&release.Release{Kit: t.TempDir()}).Branch(t.Context())
	require.ErrorIs(t, err, release.ErrRelease)
}
