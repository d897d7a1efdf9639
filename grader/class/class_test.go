package class_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/class"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bob", ".hidden"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	for _, name := range []string{"alice.tar.gz", "Ada Lovelace_17.ZIP", "roster.csv", ".zip"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}

	entries, ignored, err := class.Find(dir)

	require.NoError(t, err)
	assert.Equal(t, []class.Entry{
		{Student: "Ada Lovelace_17", Path: filepath.Join(dir, "Ada Lovelace_17.ZIP")},
		{Student: "alice", Path: filepath.Join(dir, "alice.tar.gz")},
		{Student: "bob", Path: filepath.Join(dir, "bob")},
	}, entries)
	assert.Equal(t, []string{"roster.csv"}, ignored)
}

func TestFindRefuses(t *testing.T) {
	cases := map[string]struct {
		folders []string
		want    string
	}{
		"nothing":          {nil, "holds no folder and no archive"},
		"a student twice":  {[]string{"bob", "bob.zip"}, `bob and bob.zip are both of "bob"; leave one of them there`},
		"a name of ours":   {[]string{"grades.csv"}, `no student can be called "grades.csv"`},
		"a name of ours 2": {[]string{"course.key"}, `no student can be called "course.key"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range c.folders {
				if filepath.Ext(f) == ".zip" {
					require.NoError(t, os.WriteFile(filepath.Join(dir, f), nil, 0o600))
					continue
				}
				require.NoError(t, os.Mkdir(filepath.Join(dir, f), 0o755))
			}

			_, _, err := class.Find(dir)

			require.ErrorIs(t, err, class.ErrSubmissions)
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, _, err := class.Find(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, class.ErrSubmissions)
}

func TestKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "course.key")
	key, err := class.LoadKey(path)
	require.NoError(t, err)
	again, err := class.LoadKey(path)
	require.NoError(t, err)
	other, err := class.LoadKey(path + "2")
	require.NoError(t, err)

	assert.Equal(t, key.Seed("alice"), again.Seed("alice"), "the same student gets the same lab")
	assert.NotEqual(t, key.Seed("alice"), key.Seed("bob"))
	assert.NotEqual(t, key.Seed("alice"), other.Seed("alice"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a student who knows the key knows the labs")

	require.NoError(t, os.WriteFile(path, []byte("short\n"), 0o600))
	_, err = class.LoadKey(path)
	require.ErrorIs(t, err, class.ErrKey)
}

func TestGradebook(t *testing.T) {
	cells := func(points int, s check.Status) []class.Cell {
		return []class.Cell{{ID: "06_probe", Status: s, Points: points, MaxPoints: 24}}
	}
	rows := []class.Row{
		{Student: "alice", Status: check.Pass, Points: 24, MaxPoints: 24, Exercises: cells(24, check.Pass)},
		{Student: "bob", Status: check.Pass, Points: 24, MaxPoints: 24, SameAs: "alice", Exercises: cells(24, check.Pass)},
		{Student: "carol", Status: check.Error, MaxPoints: 24, Fault: true, Exercises: cells(0, check.Error)},
		{Student: "=HYPERLINK(\"x\")", Status: check.Fail, Points: 1, MaxPoints: 24, Exercises: cells(1, check.Fail), Problem: "+x\x1b[2J\n\u202ey"},
		{Student: " @sum", Status: check.Fail, MaxPoints: 0},
	}
	var buf bytes.Buffer

	require.NoError(t, class.Gradebook(&buf, rows))

	got, err := func() ([][]string, error) {
		r := csv.NewReader(&buf)
		r.FieldsPerRecord = -1
		return r.ReadAll()
	}()
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		{"student", "points", "max_points", "percent", "status", "06_probe", "note"},
		{"alice", "24", "24", "100.0", "pass", "24", ""},
		{"bob", "24", "24", "100.0", "pass", "24", "the same files as alice"},
		{"carol", "", "24", "", "fault", "", "the kit failed twice; grade this one again"},
		{"'=HYPERLINK(\"x\")", "1", "24", "4.2", "fail", "1", "'+x�[2J��y"},
		{"' @sum", "0", "0", "", "fail", ""},
	}, got)
}

func TestCompare(t *testing.T) {
	of := func(s check.Status, points int, checks ...check.Result) check.Report {
		return check.Report{Exercises: []check.Exercise{{ID: "06_probe", Status: s, Points: points, Checks: checks}}}
	}
	passed := check.Result{ID: "a", Status: check.Pass, Points: 2}
	failed := check.Result{ID: "a", Status: check.Fail}
	steady := check.Result{ID: "b", Status: check.Pass, Points: 1}

	assert.Empty(t, class.Compare("x", of(check.Pass, 3, passed, steady), of(check.Pass, 3, passed, steady)))
	assert.Empty(t, class.Compare("x", of(check.Pass, 3, passed, steady), of(check.Pass, 2, passed)), "fewer checks were asked for")
	assert.Equal(t, []class.Change{{"x", "06_probe", "a", check.Pass, check.Fail, -2}},
		class.Compare("x", of(check.Pass, 3, passed, steady), of(check.Fail, 1, failed, steady)))
	assert.Equal(t, []class.Change{{"x", "06_probe", "", check.Fail, check.Pass, 3}},
		class.Compare("x", of(check.Fail, 0), of(check.Pass, 3, passed, steady)), "it did not compile before")
	assert.Empty(t, class.Compare("x", of(check.Fail, 0), of(check.Fail, 0)))
}
