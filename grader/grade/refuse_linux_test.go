package grade_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/grade"
)

func TestNotStarted(t *testing.T) {
	g := without(t)
	dir := submission(t, map[string]folder{"06_probe": stub(t, "06_probe")})
	r := g.Submission(t.Context(), dir, pick(t, g, "probe"))
	ex := only(t, r)
	assert.Equal(t, check.NotStarted, ex.Status)
	assert.Equal(t, check.NotStarted, r.Status)
	assert.Equal(t, filepath.ToSlash(dir)+"/06_probe/probe.go", ex.LookAt)
	assert.Zero(t, r.Points)
	assert.Equal(t, ex.MaxPoints, r.MaxPoints)
	assert.Empty(t, ex.Checks)
}

// Code that cannot be judged fails without a lab, and says why in terms of the
// learner's own files, wherever they lie.
func TestWhatIsNotRun(t *testing.T) {
	const header = "package probe\n\nimport (\n\t\"context\"\n\t\"net/netip\"\n\t\"time\"\n\n\t\"wirelab/exercises/port\"\n)\n\n"
	for name, c := range map[string]struct {
		files    folder
		headline string
		says     []string // DIR stands for the learner's folder
	}{
		"a broken file": {folder{"probe.go": "package probe\n\nfunc {\n"}, "does not compile",
			[]string{"DIR/probe.go:3:6: syntax error: unexpected {, expected name or ("}},
		"an undefined name in a file of the learner's own": {
			reference(t, "06_probe").with(folder{"more.go": "package probe\n\nvar _ = nothing\n"}), "does not compile",
			[]string{"DIR/more.go:3:9: undefined: nothing"}},
		"a wrong signature": {
			folder{"probe.go": header + "func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) port.State {\n\treturn port.Open\n}\n"},
			"does not compile", []string{
				"Probe (value of type func(ctx context.Context, target netip.AddrPort, timeout time.Duration) port.State)",
				"func(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error)",
			}},
		"no such function": {folder{"probe.go": "package probe\n\n// nothing here\n"}, "does not compile", []string{"undefined: Probe"}},
		"an import that is refused": {folder{"probe.go": "package probe\n\nimport \"os/exec\"\n\nvar _ = exec.Command\n"}, "files refused",
			[]string{"DIR/probe.go:3", "the import os/exec is not allowed here", "learner code starts no programs"}},
		"a directive that is refused": {folder{"probe.go": "package probe\n\n//go:linkname a b\nvar a int\n"}, "files refused",
			[]string{"DIR/probe.go:3"}},
		"no stub": {folder{"other.go": "package probe\n"}, "nothing to grade", []string{"DIR/probe.go is missing"}},
		"nothing": {nil, "nothing to grade", []string{"DIR is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "Ada & Söhne $1 50%")
			if c.files != nil {
				write(t, filepath.Join(dir, "06_probe"), c.files)
			}
			g := without(t)
			r := g.Submission(t.Context(), dir, pick(t, g, "probe"))
			ex := only(t, r)
			assert.Equal(t, check.Fail, ex.Status)
			assert.Equal(t, c.headline, ex.Headline)
			for _, says := range c.says {
				assert.Contains(t, ex.Message, strings.ReplaceAll(says, "DIR", filepath.ToSlash(dir)+"/06_probe"))
			}
			assert.NotContains(t, ex.Message, "/stage/")
			assert.NotContains(t, ex.Message, g.Builder.Kit)
			assert.Zero(t, r.Points)
			assert.Equal(t, ex.MaxPoints, r.MaxPoints)
		})
	}
}

// What is given is the kit's own, whatever the folder holds.
func TestGivenFilesAreIgnored(t *testing.T) {
	g := without(t)
	files := stub(t, "06_probe").with(folder{"contract.go": "package probe\n", "probe_test.go": "package nonsense\n"})
	ex := only(t, g.Submission(t.Context(), submission(t, map[string]folder{"06_probe": files}), pick(t, g, "probe")))
	assert.Equal(t, check.NotStarted, ex.Status, ex.Message)
	require.Len(t, ex.Notes, 1)
	assert.Contains(t, ex.Notes[0], "contract.go")
}

// The digest identifies what was graded: names and contents of the files that
// were taken, and not where they lay.
func TestDigest(t *testing.T) {
	digest := func(exercises map[string]folder) string {
		g := without(t)
		return g.Submission(t.Context(), submission(t, exercises), pick(t, g, "probe", "scan")).Submission.SHA256
	}
	probe, scan := stub(t, "06_probe"), stub(t, "07_scan")
	same := digest(map[string]folder{"06_probe": probe, "07_scan": scan})
	assert.Regexp(t, "^[0-9a-f]{64}$", same)
	assert.Equal(t, same, digest(map[string]folder{"06_probe": probe, "07_scan": scan}))
	assert.Equal(t, same, digest(map[string]folder{"06_probe": probe.with(folder{"probe_test.go": "package probe\n"}), "07_scan": scan}),
		"tests are not graded")
	assert.NotEqual(t, same, digest(map[string]folder{"06_probe": probe}))
	assert.NotEqual(t, same, digest(map[string]folder{"06_probe": {"probe.go": "package probe\n"}, "07_scan": scan}))
}

func TestTally(t *testing.T) {
	for _, c := range []struct {
		parts []check.Status
		whole check.Status
	}{
		{nil, check.Pass},
		{[]check.Status{check.Pass, check.Pass}, check.Pass},
		{[]check.Status{check.NotStarted, check.NotStarted}, check.NotStarted},
		{[]check.Status{check.Pass, check.NotStarted}, check.NotStarted},
		{[]check.Status{check.Fail, check.NotStarted, check.Pass}, check.Fail},
		{[]check.Status{check.Fail, check.Error, check.Fail}, check.Error},
	} {
		r := check.Report{Points: 99, Status: check.Error}
		for _, s := range c.parts {
			r.Exercises = append(r.Exercises, check.Exercise{Status: s, Points: 2, MaxPoints: 3})
		}
		grade.Tally(&r)
		assert.Equal(t, c.whole, r.Status, "%v", c.parts)
		assert.Equal(t, 2*len(c.parts), r.Points)
		assert.Equal(t, 3*len(c.parts), r.MaxPoints)
	}
}

// A kit that cannot do its work blames nobody.
func TestKitThatFails(t *testing.T) {
	g := without(t)
	g.Builder.Labhost += ".missing"
	dir := submission(t, map[string]folder{"06_probe": reference(t, "06_probe")})
	ex := only(t, g.Submission(t.Context(), dir, pick(t, g, "probe")))
	assert.Equal(t, check.Error, ex.Status)
	assert.Contains(t, ex.Message, "labhost is missing")
	assert.Empty(t, ex.Headline)

	_, err := g.Reference("99_nothing")
	assert.ErrorContains(t, err, `there is no exercise "99_nothing"`)
}
