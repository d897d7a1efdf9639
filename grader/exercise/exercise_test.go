package exercise_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/exercise"
	"wirelab/grader/pristine"
)

var update = flag.Bool("update", false, "record the errors under testdata anew")

// folder reads a txtar file as an exercises folder.
func folder(t *testing.T, name string) (*txtar.Archive, fs.FS) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	require.NoError(t, err)
	return archive, pristine.Unpack(txtar.Format(archive))
}

func good(t *testing.T) []exercise.Manifest {
	t.Helper()
	_, fsys := folder(t, "testdata/good.txtar")
	all, err := exercise.Load(fsys)
	require.NoError(t, err)
	return all
}

func TestLoadReadsManifestsInFolderOrder(t *testing.T) {
	all := good(t)
	require.Len(t, all, 2)
	assert.Equal(t, exercise.Manifest{
		ID: "06_probe", Title: "one port, one verdict", Package: "probe", File: "probe.go",
		Imports: []string{"std", "syscall", "wirelab/exercises/port"},
		Hints:   []string{"Print the error.", "Ask errors.As\nfor the errno.", "Whose time ran out?"},
		Checks: []exercise.Check{
			{ID: "accepts-is-open", Title: "a port that accepts is OPEN", Points: 2, Lesson: "A SYN-ACK settles it."},
			{
				ID: "silent-is-filtered", Title: "a port that stays silent is FILTERED", Points: 3,
				Needs: []string{"accepts-is-open"}, Lesson: "A refusal is a packet. Silence is none.",
			},
		},
	}, all[0])
	assert.Equal(t, "07_scan", all[1].ID)
	assert.Equal(t, []string{"06_probe"}, all[1].Needs)
	assert.True(t, all[1].NetRaw)
}

func TestManifestAnswers(t *testing.T) {
	probe := good(t)[0]
	assert.Equal(t, "probe", probe.Name())
	assert.Equal(t, 5, probe.MaxPoints())
	assert.False(t, probe.GradesTests())
	assert.True(t, exercise.Manifest{File: "pin_test.go"}.GradesTests())
	assert.False(t, probe.IsProgram())
	assert.Equal(t, "./grader/drivers/06_probe", probe.Main())
	tool := exercise.Manifest{ID: "18_tool", Package: "main"}
	assert.True(t, tool.IsProgram())
	assert.Equal(t, "./exercises/18_tool", tool.Main())
	silent, found := probe.Check("silent-is-filtered")
	assert.True(t, found)
	assert.Equal(t, 3, silent.Points)
	_, found = probe.Check("loud-is-open")
	assert.False(t, found)
}

func TestLoadTellsEverythingThatIsWrong(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, fsys := folder(t, name)
			_, err := exercise.Load(fsys)
			require.ErrorIs(t, err, exercise.ErrManifest)
			if *update {
				record(t, name, archive, err.Error()+"\n")
				return
			}
			want, err2 := fs.ReadFile(fsys, "error")
			require.NoError(t, err2)
			assert.Equal(t, string(want), err.Error()+"\n")
		})
	}
}

// record writes text to the archive's file "error", which comes last.
func record(t *testing.T, name string, archive *txtar.Archive, text string) {
	t.Helper()
	last := len(archive.Files) - 1
	if archive.Files[last].Name == "error" {
		archive.Files = archive.Files[:last]
	}
	archive.Files = append(archive.Files, txtar.File{Name: "error", Data: []byte(text)})
	require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
}

func TestLoadNeedsAFolder(t *testing.T) {
	_, err := exercise.Load(os.DirFS(filepath.Join(t.TempDir(), "nowhere")))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotErrorIs(t, err, exercise.ErrManifest)
}

func TestFind(t *testing.T) {
	all := good(t)
	for name, want := range map[string]string{
		"06_probe": "06_probe", "probe": "06_probe", "PROBE": "06_probe", "07_Scan": "07_scan", "scan": "07_scan",
	} {
		m, err := exercise.Find(all, name)
		require.NoError(t, err, name)
		assert.Equal(t, want, m.ID, name)
	}
}

func TestFindNamesTheNearest(t *testing.T) {
	for name, nearest := range map[string]string{
		"prob": "06_probe", "06-probe": "06_probe", "SCAM": "07_scan", "7_scan": "07_scan", "": "07_scan",
	} {
		_, err := exercise.Find(good(t), name)
		var unknown *exercise.UnknownError
		require.ErrorAs(t, err, &unknown, name)
		assert.Equal(t, exercise.UnknownError{Name: name, Nearest: nearest}, *unknown)
	}
	_, err := exercise.Find(good(t), "prob")
	assert.EqualError(t, err, "there is no exercise \"prob\"; did you mean 06_probe? `wirelab list` shows all of them")
	_, err = exercise.Find(nil, "probe")
	assert.EqualError(t, err, "there is no exercise \"probe\"; `wirelab list` shows all of them")
}

func TestAllows(t *testing.T) {
	probe, scan := good(t)[0], good(t)[1]
	for _, path := range append(exercise.Std(), "syscall", "wirelab/exercises/port") {
		assert.True(t, probe.Allows(path), path)
	}
	for _, path := range []string{"std", "net/http", "os/exec", "C", "unsafe", "reflect", "wirelab/exercises/06_probe", "./x", ""} {
		assert.False(t, probe.Allows(path), path)
	}
	assert.True(t, scan.Allows("wirelab/exercises/06_probe"))
	assert.False(t, scan.Allows("net"), "only what is listed, where std is not")
	reckless := exercise.Manifest{Imports: []string{"unsafe", "os/exec"}}
	assert.False(t, reckless.Allows("unsafe"), "not even a manifest can allow it")
	assert.False(t, reckless.Allows("os/exec"))
}

// TestNoPathOfStdHasAWayOut holds the shorthand to what no manifest may allow.
func TestNoPathOfStdHasAWayOut(t *testing.T) {
	for _, path := range exercise.Std() {
		assert.True(t, exercise.Manifest{Imports: []string{path}}.Allows(path), path)
	}
}

func TestRefusalNamesTheReason(t *testing.T) {
	for path, want := range map[string]string{
		"os/exec":                    "learner code starts no programs.",
		"golang.org/x/sys/unix":      "this exercise does without bare system calls.",
		"net/http/httptest":          "the point is to speak the protocol yourself.",
		"net":                        "this exercise is to be solved without it.",
		"wirelab/solutions/06_probe": "the reference solutions are not there when your code is graded.",
		"wirelab/exercises/07_scan":  "this exercise does not build on that one.",
		"github.com/other/thing":     "exercise.toml lists what this exercise may use.",
		"Cgo":                        "exercise.toml lists what this exercise may use.",
	} {
		assert.Equal(t, want, exercise.Refusal(path), path)
	}
}

// TestShippedManifestsAreSound reads the manifests that the kit ships.
func TestShippedManifestsAreSound(t *testing.T) {
	all, err := exercise.Load(pristine.FS())
	require.NoError(t, err)
	assert.NotEmpty(t, all)
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/good.txtar", "testdata/bad/every-key.txtar", "testdata/bad/syntax.txtar"} {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := exercise.Load(fstest.MapFS{"06_probe/exercise.toml": {Data: data}})
		if err != nil {
			require.ErrorIs(t, err, exercise.ErrManifest)
			return
		}
		require.Len(t, all, 1)
		assert.Equal(t, "06_probe", all[0].ID)
		assert.Len(t, all[0].Hints, 3)
		assert.Positive(t, all[0].MaxPoints())
	})
}
