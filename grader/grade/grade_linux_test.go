package grade_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/grade"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// One mistake costs once: a later exercise is judged with the reference of an
// earlier one that does not pass, and says so. An exercise that cannot be
// judged keeps no other from it.
func TestLaterExerciseIsJudgedByItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		probe    folder
		headline string
	}{
		"the earlier one does not compile": {folder{"probe.go": "package probe\n\nfunc {\n"}, "does not compile"},
		"the earlier one is missing":       {nil, "nothing to grade"},
	} {
		t.Run(name, func(t *testing.T) {
			exercises := map[string]folder{"07_scan": reference(t, "07_scan")}
			if c.probe != nil {
				exercises["06_probe"] = c.probe
			}
			g := grader(t)
			r := g.Submission(t.Context(), submission(t, exercises), pick(t, g, "probe", "scan"))
			require.Len(t, r.Exercises, 2)
			probe, scan := r.Exercises[0], r.Exercises[1]
			assert.Equal(t, check.Fail, probe.Status)
			assert.Equal(t, c.headline, probe.Headline)
			assert.Equal(t, check.Pass, scan.Status, "%+v", scan)
			assert.Equal(t, scan.MaxPoints, r.Points)
			assert.Equal(t, []string{"graded with the reference of 06_probe, since yours does not pass: one mistake costs once"}, scan.Notes)
			assert.Equal(t, check.Fail, r.Status)
		})
	}
}

// The learner's own earlier exercise is built on where it passes, also if it
// was not asked to be graded.
func TestLaterExerciseBuildsOnTheLearnersOwn(t *testing.T) {
	t.Parallel()
	probe := reference(t, "06_probe").with(folder{"more.go": "package probe\n\n// Mine shows whose package this is.\nconst Mine = true\n"})
	scan := reference(t, "07_scan").with(folder{"more.go": "package scan\n\nimport probe \"wirelab/exercises/06_probe\"\n\nvar _ = probe.Mine\n"})
	g := grader(t)
	r := g.Submission(t.Context(), submission(t, map[string]folder{"06_probe": probe, "07_scan": scan}), pick(t, g, "scan"))
	ex := only(t, r)
	assert.Equal(t, check.Pass, ex.Status, "%s %+v", ex.Message, ex.Checks)
	assert.Empty(t, ex.Notes)
}

// The seed decides what is drawn, and so does nothing else.
func TestSeed(t *testing.T) {
	t.Parallel()
	dir := submission(t, map[string]folder{"06_probe": mutant(t, "06_probe", "timeout-is-closed")})
	grade := func(seed uint64) check.Report {
		g := grader(t)
		g.Seed = seed
		r := g.Submission(t.Context(), dir, pick(t, g, "probe"))
		require.Equal(t, check.Fail, r.Status)
		assert.Equal(t, seed, r.Seed)
		return settled(r)
	}
	first := grade(seed)
	assert.Equal(t, first, grade(seed))
	other := grade(seed + 1)
	require.Len(t, other.Exercises[0].Checks, len(first.Exercises[0].Checks))
	for i, c := range first.Exercises[0].Checks {
		assert.Equal(t, c.Status, other.Exercises[0].Checks[i].Status, c.ID)
		if c.Actual != "" {
			assert.NotEqual(t, c.Actual, other.Exercises[0].Checks[i].Actual, "other ports were drawn")
		}
	}
}

// The reports folder holds the recordings of the last whole run: no more, no
// fewer, and none of a run that was given up.
func TestRecordings(t *testing.T) {
	t.Parallel()
	g := grader(t)
	g.Reports = t.TempDir()
	dir := submission(t, map[string]folder{"06_probe": reference(t, "06_probe")})
	write(t, filepath.Join(g.Reports, "06_probe"), folder{"of-an-earlier-run.pcapng": "old"})
	write(t, filepath.Join(g.Reports, "05_connect"), folder{"another.pcapng": "kept"})

	ex := only(t, g.Submission(t.Context(), dir, pick(t, g, "probe")))
	require.Equal(t, check.Pass, ex.Status)
	want := []string{"05_connect/another.pcapng"}
	for _, c := range ex.Checks {
		require.Equal(t, "06_probe/"+c.ID+".pcapng", c.Capture)
		want = append(want, c.Capture)
	}
	assert.ElementsMatch(t, want, files(t, g.Reports))

	ctx, cancel := context.WithCancel(t.Context())
	g.Progress = func(done, _ int, _ string) {
		if done > 0 {
			cancel()
		}
	}
	ex = only(t, g.Submission(ctx, dir, pick(t, g, "probe")))
	assert.Equal(t, check.Error, ex.Status, "it was given up")
	assert.ElementsMatch(t, want, files(t, g.Reports), "the last whole run's are still there")
}

// files returns the files below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, path)
		}
		return err
	})
	require.NoError(t, err)
	return all
}

// What a killed run left goes; what a running one has stays.
func TestSweep(t *testing.T) {
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	reports := t.TempDir()
	for _, name := range []string{
		"06_probe",
		".run-06_probe." + strconv.Itoa(os.Getpid()),
		".run-06_probe." + strconv.Itoa(ended.Process.Pid),
		".run-07_scan." + strconv.Itoa(ended.Process.Pid),
	} {
		write(t, filepath.Join(reports, name), folder{"a.pcapng": "x"})
	}
	swept, err := grade.Sweep(reports)
	require.NoError(t, err)
	assert.Len(t, swept, 2)
	assert.ElementsMatch(t, []string{
		"06_probe/a.pcapng", ".run-06_probe." + strconv.Itoa(os.Getpid()) + "/a.pcapng",
	}, files(t, reports))
	swept, err = grade.Sweep(filepath.Join(reports, "missing"))
	assert.NoError(t, err)
	assert.Empty(t, swept)
}

// A machine without labs is told so by each check, and nobody loses points for
// it: the status is error, and no check is a fail.
func TestNoLab(t *testing.T) {
	t.Parallel()
	g := grader(t)
	g.Lab = func(context.Context, plan.Plan) (labenv.Lab, error) {
		return nil, errors.Join(labenv.ErrUnavailable, errors.New("allow user namespaces"))
	}
	dir := submission(t, map[string]folder{"06_probe": reference(t, "06_probe")})
	ex := only(t, g.Submission(t.Context(), dir, pick(t, g, "probe")))
	assert.Equal(t, check.Error, ex.Status)
	for _, c := range ex.Checks {
		assert.Contains(t, []check.Status{check.Error, check.Blocked}, c.Status, c.ID)
		if c.Status == check.Error {
			assert.Contains(t, c.Message, "allow user namespaces")
		}
	}
}
