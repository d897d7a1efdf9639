package class_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/class"
)

var ids = []string{"06_probe", "07_scan"}

// packed is one entry of an archive, or of a folder.
type packed struct {
	name, text string
	mode       fs.FileMode // its type; 0 is an ordinary file
}

func zipped(t testing.TB, files []packed) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode | 0o644)
		e, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = io.WriteString(e, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func tarred(t testing.TB, files []packed) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o644}
		switch f.mode {
		case fs.ModeSymlink:
			h.Typeflag, h.Linkname, h.Size, f.text = tar.TypeSymlink, f.text, 0, ""
		case fs.ModeNamedPipe:
			h.Typeflag, h.Size, f.text = tar.TypeFifo, 0, ""
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := io.WriteString(w, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// forms are the ways to hand in the same files; each returns the path.
var forms = map[string]func(t *testing.T, files []packed) string{
	"folder": func(t *testing.T, files []packed) string {
		dir := t.TempDir()
		for _, f := range files {
			path := filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(f.name, `\`, "/")))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			if f.mode == fs.ModeSymlink {
				require.NoError(t, os.Symlink(f.text, path))
				continue
			}
			require.NoError(t, os.WriteFile(path, []byte(f.text), 0o644))
		}
		return dir
	},
	"zip": func(t *testing.T, files []packed) string { return written(t, "a.zip", zipped(t, files)) },
	"tar": func(t *testing.T, files []packed) string { return written(t, "a.tar", tarred(t, files)) },
	"tgz": func(t *testing.T, files []packed) string { return written(t, "a.TGZ", gzipped(t, tarred(t, files))) },
}

func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// listed shows what was taken: a line for each file, with its kind and content.
func listed(t *testing.T, taken class.Taken) []string {
	t.Helper()
	var lines []string
	require.NoError(t, fs.WalkDir(taken.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text := "link"
		if d.Type().IsRegular() {
			data, err := fs.ReadFile(taken.FS(), path)
			if err != nil {
				return err
			}
			text = string(data)
		}
		lines = append(lines, path+"="+text)
		return nil
	}))
	return lines
}

func TestTake(t *testing.T) {
	cases := map[string]struct {
		files []packed
		want  []string
	}{
		"exercises at the top": {
			files: []packed{{name: "06_probe/probe.go", text: "p"}, {name: "07_scan/scan.go", text: "s"}, {name: "07_scan/parse.go", text: "q"}},
			want:  []string{"06_probe/probe.go=p", "07_scan/parse.go=q", "07_scan/scan.go=s"},
		},
		"below one folder": {
			files: []packed{{name: "work/06_probe/probe.go", text: "p"}},
			want:  []string{"06_probe/probe.go=p"},
		},
		"a whole kit": {
			files: []packed{
				{name: "kit/exercises/06_probe/probe.go", text: "p"}, {name: "kit/grader/drivers/06_probe/main.go", text: "d"},
				{name: "kit/.git/06_probe/probe.go", text: "g"}, {name: "kit/Makefile", text: "m"},
			},
			want: []string{"06_probe/probe.go=p"},
		},
		"what a Mac adds": {
			files: []packed{{name: "06_probe/probe.go", text: "p"}, {name: "__MACOSX/06_probe/._probe.go", text: "x"}},
			want:  []string{"06_probe/probe.go=p"},
		},
		"an older copy inside": {
			files: []packed{{name: "06_probe/probe.go", text: "p"}, {name: "old/06_probe/probe.go", text: "o"}},
			want:  []string{"06_probe/probe.go=p"},
		},
		"names of Windows": {
			files: []packed{{name: `work\06_probe\probe.go`, text: "p"}},
			want:  []string{"06_probe/probe.go=p"},
		},
		"a link": {
			files: []packed{{name: "06_probe/probe.go", text: "/etc/passwd", mode: fs.ModeSymlink}},
			want:  []string{"06_probe/probe.go=link"},
		},
		"a file that is too large is cut, for the rules to refuse": {
			files: []packed{{name: "06_probe/probe.go", text: strings.Repeat("x", 300<<10)}},
			want:  []string{"06_probe/probe.go=" + strings.Repeat("x", 256<<10+1)},
		},
	}
	for name, c := range cases {
		for form, hand := range forms {
			t.Run(name+"/"+form, func(t *testing.T) {
				taken, err := class.Take(hand(t, c.files), ids)

				require.NoError(t, err)
				assert.Equal(t, c.want, listed(t, taken))
			})
		}
	}
}

// Names that lead out of an archive lead nowhere: nothing is written, and what
// they name is looked for inside.
func TestTakeGoesNowhere(t *testing.T) {
	for _, form := range []string{"zip", "tar", "tgz"} {
		taken, err := class.Take(forms[form](t, []packed{{name: "../../06_probe/probe.go", text: "p"}, {name: "/07_scan/scan.go", text: "s"}}), ids)

		require.NoError(t, err, form)
		assert.Equal(t, []string{"06_probe/probe.go=p", "07_scan/scan.go=s"}, listed(t, taken), form)
	}
}

func TestTakeRefuses(t *testing.T) {
	probe := packed{name: "06_probe/probe.go", text: "p"}
	encrypted := zipped(t, []packed{probe})
	for _, signature := range []string{"PK\x03\x04", "PK\x01\x02"} { // the flags are 6 and 8 bytes in: APPNOTE.TXT 4.3.7, 4.3.12
		at := bytes.Index(encrypted, []byte(signature)) + 6
		if signature == "PK\x01\x02" {
			at += 2
		}
		encrypted[at] |= 1
	}
	whole := gzipped(t, tarred(t, []packed{{name: "06_probe/probe.go", text: strings.Repeat("package probe\n", 1000)}}))
	many := make([]packed, 20_001)
	for i := range many {
		many[i] = packed{name: strings.Repeat("x", i%200+1)}
	}
	var kept []packed
	for i := range 70 {
		kept = append(kept, packed{name: "06_probe/" + strings.Repeat("x", i+1) + ".go", text: strings.Repeat("x", 256<<10)})
	}
	cases := map[string]struct {
		name string
		data []byte
		want string
	}{
		"no archive":       {"a.zip", []byte("junk"), "the archive cannot be unpacked: zip: not a valid zip file"},
		"no gzip":          {"a.tgz", []byte("junk junk junk"), "the archive cannot be unpacked: gzip: invalid header"},
		"an empty file":    {"a.tar.gz", nil, "the archive cannot be unpacked: EOF"},
		"cut off":          {"a.tar.gz", whole[:len(whole)/2], "the archive cannot be unpacked: unexpected EOF"},
		"encrypted":        {"a.zip", encrypted, "the archive is encrypted"},
		"nothing in it":    {"a.zip", zipped(t, nil), "the submission holds no folder of an exercise, such as 06_probe"},
		"no exercise":      {"a.zip", zipped(t, []packed{{name: "main.go", text: "p"}}), "the submission holds no folder of an exercise, such as 06_probe"},
		"exercises twice":  {"a.zip", zipped(t, []packed{{name: "one/06_probe/probe.go"}, {name: "two/06_probe/probe.go"}}), "the submission holds the exercises twice, in one and in two; hand them in once"},
		"too many files":   {"a.zip", zipped(t, many), "the submission holds more than 20000 files; hand in the exercises alone"},
		"too much to keep": {"a.zip", zipped(t, kept), "the exercises' folders hold more than 16 MiB; hand in the Go files alone"},
		"a tar bomb": {"a.tgz", gzipped(t, tarred(t, []packed{{name: "big", text: strings.Repeat("\x00", 257<<20)}})),
			"the archive unpacks to more than 256 MiB; hand in the exercises alone"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := class.Take(written(t, c.name, c.data), ids)

			var problem *class.ProblemError
			require.ErrorAs(t, err, &problem)
			assert.Equal(t, c.want, problem.Text)
		})
	}
}

func TestTakeFollowsNoLink(t *testing.T) {
	to := forms["folder"](t, []packed{{name: "06_probe/probe.go", text: "p"}})
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(to, link))

	_, err := class.Take(link, ids)

	var problem *class.ProblemError
	require.ErrorAs(t, err, &problem)
}

// What was taken can be packed and taken again, and is then the same.
func TestPack(t *testing.T) {
	path := forms["tar"](t, []packed{
		{name: "06_probe/probe.go", text: "p"}, {name: "06_probe/link.go", text: "/etc/passwd", mode: fs.ModeSymlink},
		{name: "06_probe/fifo.go", mode: fs.ModeNamedPipe}, {name: "06_probe/sub/x.go", text: "x"},
		{name: "07_scan/scan.go", text: strings.Repeat("s", 300<<10)},
	})
	taken, err := class.Take(path, ids)
	require.NoError(t, err)
	var first, second bytes.Buffer
	require.NoError(t, taken.Pack(&first))
	require.NoError(t, taken.Pack(&second))
	assert.Equal(t, first.Bytes(), second.Bytes())

	again, err := class.Take(written(t, "again.tar.gz", first.Bytes()), ids)

	require.NoError(t, err)
	assert.Equal(t, taken.Digest(), again.Digest())
	assert.Equal(t, listed(t, taken), listed(t, again))
}

// Whatever the bytes of an archive, Take returns: files of exercises, or a
// problem that can be told to a student.
func FuzzTake(f *testing.F) {
	files := []packed{{name: "kit/exercises/06_probe/probe.go", text: "package probe"}, {name: "../x", text: "y"}}
	f.Add(0, zipped(f, files))
	f.Add(1, tarred(f, files))
	f.Add(2, gzipped(f, tarred(f, files)))
	f.Fuzz(func(t *testing.T, form int, data []byte) {
		name := []string{"a.zip", "a.tar", "a.tgz"}[uint(form)%3]
		taken, err := class.Take(written(t, name, data), ids)
		if err != nil {
			var problem *class.ProblemError
			require.ErrorAs(t, err, &problem)
			return
		}
		entries, err := fs.ReadDir(taken.FS(), ".")
		require.NoError(t, err)
		for _, e := range entries {
			assert.Contains(t, ids, e.Name())
		}
	})
}
