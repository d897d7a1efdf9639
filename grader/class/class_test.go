package class_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// read returns what write writes, as a spreadsheet reads it.
func read(t *testing.T, write func(io.Writer) error) [][]string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, write(&buf))
	lines, err := csv.NewReader(&buf).ReadAll()
	require.NoError(t, err, "lines of different lengths, or worse")
	return lines
}

// monday is a deadline.
var monday = time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)

func someRows() []class.Row {
	cells := func(points int, s check.Status) []class.Cell {
		return []class.Cell{{ID: "06_probe", Status: s, Points: points, MaxPoints: 24}}
	}
	return []class.Row{
		{Student: "alice", Status: check.Pass, Points: 24, MaxPoints: 24, Submitted: monday, Exercises: cells(24, check.Pass)},
		{Student: "bob", Status: check.Pass, Points: 24, MaxPoints: 24, SameAs: "alice", Submitted: monday.Add(time.Second), Exercises: cells(24, check.Pass)},
		{Student: "carol", Status: check.Error, MaxPoints: 24, Fault: true, Exercises: cells(0, check.Error)},
		{Student: "=HYPERLINK(\"x\")", Status: check.Fail, Points: 1, MaxPoints: 24, Submitted: monday.Add(73 * time.Hour), Exercises: cells(1, check.Fail), Problem: "+x\x1b[2J\n\u202e<b>y"},
		{Student: " @sum", Status: check.Fail, MaxPoints: 24, Exercises: cells(0, check.Fail)},
	}
}

func TestGradebook(t *testing.T) {
	marks, err := class.Marks(someRows(), nil, class.Course{})
	require.NoError(t, err)

	assert.Equal(t, [][]string{
		{"student", "name", "id", "email", "status", "points", "deducted", "final", "max_points", "percent", "days_late", "06_probe", "note"},
		{"alice", "", "", "", "pass", "24", "0", "24", "24", "100.0", "", "24", ""},
		{"bob", "", "", "", "pass", "24", "0", "24", "24", "100.0", "", "24", "the same files as alice"},
		{"carol", "", "", "", "fault", "", "", "", "24", "", "", "", "the kit failed twice; grade this one again"},
		{"'=HYPERLINK(\"x\")", "", "", "", "fail", "1", "0", "1", "24", "4.2", "", "1", "'+x�[2J��<b>y"},
		{"' @sum", "", "", "", "fail", "0", "0", "0", "24", "0.0", "", "0", ""},
	}, read(t, func(w io.Writer) error { return class.Gradebook(w, marks) }))
}

// A roster gives names, and lines for those who handed in nothing; days after
// the deadline cost points once the free ones are used up; a mark changed by
// hand says why.
func TestMarks(t *testing.T) {
	roster := []class.Person{
		{Student: "alice", Name: "Alice A.", ID: "17", Email: "alice@example.org", Canvas: "4", Section: "1"},
		{Student: "bob", Name: "Bob B.", Submitted: monday.Add(49 * time.Hour)},
		{Student: "carol", Name: "Carol C."}, {Student: "=HYPERLINK(\"x\")"}, {Student: "dave", Name: "Dave D."},
	}
	points := 20.0
	course := class.Course{
		Title: "Scanning", Deadline: monday, LateDays: 1, PenaltyPercent: 12.5,
		Overrides: []class.Override{{Student: "carol", Exercise: "06_probe", Points: &points, Reason: "shown in person"}},
	}

	marks, err := class.Marks(someRows(), roster, course)

	require.NoError(t, err)
	book := read(t, func(w io.Writer) error { return class.Gradebook(w, marks) })
	assert.Equal(t, []string{"alice", "Alice A.", "17", "alice@example.org", "pass", "24", "0", "24", "24", "100.0", "", "24", ""}, book[1])
	assert.Equal(t, []string{"bob", "Bob B.", "", "", "pass", "24", "6", "18", "24", "75.0", "3", "24", "the same files as alice"}, book[2], "two days at an eighth each, the first is free")
	assert.Equal(t, []string{"carol", "Carol C.", "", "", "error", "20", "0", "20", "24", "83.3", "", "20", "06_probe by hand: 20 instead of : shown in person"}, book[3])
	assert.Equal(t, "0.38", book[4][6], "three days of 12.5 percent of 1 point")
	assert.Equal(t, "not on the roster", book[5][12])
	assert.Equal(t, []string{"dave", "Dave D.", "", "", "missing", "0", "0", "0", "24", "0.0", "", "0", "handed in nothing"}, book[6])

	canvas := read(t, func(w io.Writer) error { return class.Canvas(w, course.Title, marks) })
	assert.Equal(t, []string{"Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Scanning"}, canvas[0])
	assert.Equal(t, []string{"    Points Possible", "", "", "", "", "24"}, canvas[1])
	assert.Equal(t, []string{"Alice A.", "4", "17", "alice@example.org", "1", "24"}, canvas[2])
	moodle := read(t, func(w io.Writer) error { return class.Moodle(w, course.Title, marks) })
	assert.Equal(t, []string{"alice@example.org", "17", "Alice A.", "24", ""}, moodle[1])
	assert.Contains(t, moodle[4][4], "&lt;b&gt;", "comments are HTML in Moodle")
	assert.Empty(t, read(t, func(w io.Writer) error { return class.Canvas(w, "x", marks[:0]) })[1:])
}

// What nobody knows is imported as nothing, and no zero.
func TestAFaultIsImportedAsNothing(t *testing.T) {
	marks, err := class.Marks(someRows(), nil, class.Course{})
	require.NoError(t, err)
	assert.Empty(t, read(t, func(w io.Writer) error { return class.Canvas(w, "x", marks) })[4][5])
	assert.Empty(t, read(t, func(w io.Writer) error { return class.Moodle(w, "x", marks) })[3][3])
}

func TestCourseFiles(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	people, err := class.LoadRoster(file("\ufeffStudent,Name,submitted\nalice, Alice A. ,2026-11-30T18:00:00Z\nbob,Bob,\n"))
	require.NoError(t, err)
	assert.Equal(t, []class.Person{{Student: "alice", Name: "Alice A.", Submitted: monday}, {Student: "bob", Name: "Bob"}}, people)
	for text, want := range map[string]string{
		"":                         "the first line has to name the columns",
		"name\nAlice\n":            "the column student is missing",
		"student,shoe\n":           `there is no column "shoe"`,
		"student\na\na\n":          `"a" is there twice`,
		"student,name\n,x\n":       "a line names no student",
		"student,submitted\na,x\n": "submitted is to be like",
		"student,name\na\n":        "wrong number of fields",
	} {
		_, err := class.LoadRoster(file(text))
		require.ErrorIs(t, err, class.ErrCourse)
		assert.ErrorContains(t, err, want)
	}

	course, err := class.LoadCourse(file("deadline = 2026-11-30T18:00:00Z\nlate_days = 2\npenalty_percent = 10.0\n[[override]]\nstudent = 'a'\nexercise = '06_probe'\npoints = 3\nreason = 'r'\n"))
	require.NoError(t, err)
	assert.Equal(t, "wirelab", course.Title)
	assert.True(t, monday.Equal(course.Deadline))
	assert.InDelta(t, 3, *course.Overrides[0].Points, 0)
	for text, want := range map[string]string{
		"dead = 1":            "dead",
		"late_days = -1":      "late_days is 0 or more",
		"deadline = 'monday'": "",
		"[[override]]\nstudent = 'a'\nexercise = 'b'\npoints = 1":                "has no reason",
		"[[override]]\nstudent = 'a'\nreason = 'r'":                              "an override needs",
		"[[override]]\nstudent = 'a'\nexercise = 'b'\npoints = -1\nreason = 'r'": "fewer than no points",
	} {
		_, err := class.LoadCourse(file(text))
		require.ErrorIs(t, err, class.ErrCourse)
		assert.ErrorContains(t, err, want)
	}
	points := 1.0
	_, err = class.Marks(someRows(), nil, class.Course{Overrides: []class.Override{{Student: "alic", Exercise: "06_probe", Points: &points, Reason: "r"}}})
	require.ErrorIs(t, err, class.ErrCourse)
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
