package class

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"wirelab/grader/stage"
	"wirelab/grader/untrusted"
)

// The limits of one submission. What is kept is small; the rest of an archive
// is read past.
const (
	maxEntries  = 20_000             // files and folders
	maxUnpacked = 256 << 20          // bytes of an archive's content
	maxKept     = 16 << 20           // bytes of files in the exercises' folders
	maxFile     = stage.MaxBytes + 1 // bytes of one file: more is cut, and refused by package stage
	maxDepth    = 8                  // folders around the exercises
)

// ProblemError says why nothing of a submission can be graded. That is the
// submission's fault and not the kit's.
type ProblemError struct{ Text string }

// Error returns the sentence.
func (e *ProblemError) Error() string { return e.Text }

func problem(format string, args ...any) error { return &ProblemError{fmt.Sprintf(format, args...)} }

// Taken is a submission that has been read into memory: the files in the
// exercises' folders, below these ("06_probe/probe.go"), and nothing else.
// What is no ordinary file is there with its mode and without content.
type Taken struct {
	files fstest.MapFS
	// Modified is when the archive, or the youngest of the files that were kept,
	// was last changed.
	Modified time.Time
}

// FS holds a folder for each exercise.
func (t Taken) FS() fs.FS { return t.files }

// Digest identifies the submission: a SHA-256 in hex, as stage.Digest has it.
func (t Taken) Digest() string {
	all := map[string][]byte{}
	for name, f := range t.files {
		all[fmt.Sprintf("%s %v", name, f.Mode.Type())] = f.Data
	}
	return stage.Digest(all)
}

// Take reads the submission at path, a folder or an archive, and finds the
// folders of the exercises called ids in it, however deep they lie. Errors are
// *ProblemError, or the system's.
func Take(path string, ids []string) (Taken, error) {
	t := &taker{ids: ids, found: map[string]fstest.MapFS{}}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return Taken{}, err
	case info.Mode()&fs.ModeSymlink != 0:
		return Taken{}, problem("the submission is a symbolic link, and is not followed")
	case info.IsDir():
		err = t.folder(path)
	case info.Mode().IsRegular():
		err = t.archive(path, endingOf(path))
	default:
		err = problem("the submission is no ordinary file")
	}
	if err != nil {
		return Taken{}, err
	}
	if !info.IsDir() {
		t.youngest = info.ModTime()
	}
	return t.taken()
}

// taker collects what lies in folders that are called like an exercise.
type taker struct {
	ids      []string
	found    map[string]fstest.MapFS // by the folder around those of the exercises
	entries  int
	kept     int64
	youngest time.Time
}

// place says where a name of a submission belongs: root is the folder around
// the exercises', name what follows. wanted is false where it is in no
// exercise's folder.
func (t *taker) place(name string) (root, rest string, wanted bool) {
	parts := strings.Split(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"), "/")
	for i, part := range parts {
		switch {
		case part == "__MACOSX" || strings.HasPrefix(part, ".") || i > maxDepth:
			return "", "", false
		case slices.Contains(t.ids, part):
			return strings.Join(parts[:i], "/"), strings.Join(parts[i:], "/"), true
		}
	}
	return "", "", false
}

// count counts an entry.
func (t *taker) count() error {
	if t.entries++; t.entries > maxEntries {
		return problem("the submission holds more than %d files; hand in the exercises alone", maxEntries)
	}
	return nil
}

// keep keeps a file, or the mark of what is none.
func (t *taker) keep(root, name string, mode fs.FileMode, data []byte) error {
	if t.kept += int64(len(data)); t.kept > maxKept {
		return problem("the exercises' folders hold more than %d MiB; hand in the Go files alone", maxKept>>20)
	}
	if t.found[root] == nil {
		t.found[root] = fstest.MapFS{}
	}
	if mode.IsDir() {
		mode |= 0o755
	}
	t.found[root][name] = &fstest.MapFile{Data: data, Mode: mode}
	return nil
}

// depth is how far below an exercise's folder a name lies: 1 is a file there.
func depth(name string) int { return strings.Count(name, "/") }

// taken picks the folder that holds the exercises: one called "exercises" if
// there is one, else the only one. A copy in a folder further down is passed
// over.
func (t *taker) taken() (Taken, error) {
	var roots []string
	for root := range t.found {
		roots = append(roots, root)
	}
	named := slices.DeleteFunc(slices.Clone(roots), func(r string) bool { return path.Base(r) != "exercises" })
	if len(named) > 0 {
		roots = named
	}
	slices.SortFunc(roots, func(a, b string) int { return cmp.Or(cmp.Compare(levels(a), levels(b)), cmp.Compare(a, b)) })
	switch {
	case len(roots) == 0:
		return Taken{}, problem("the submission holds no folder of an exercise, such as %s", t.ids[0])
	case len(roots) > 1 && levels(roots[0]) == levels(roots[1]):
		return Taken{}, problem("the submission holds the exercises twice, in %s and in %s; hand them in once", roots[0], roots[1])
	}
	return Taken{t.found[roots[0]], t.youngest}, nil
}

// levels is how many folders a path goes down.
func levels(root string) int {
	if root == "" {
		return 0
	}
	return strings.Count(root, "/") + 1
}

// folder reads a submission that is a folder.
func (t *taker) folder(dir string) error {
	f, err := untrusted.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return t.walk(f, ".")
}

// walk reads what is in sub. The content of a file is read only where it may
// be compiled.
func (t *taker) walk(f *untrusted.Folder, sub string) error {
	entries, err := f.Entries(sub)
	if errors.Is(err, untrusted.ErrTooLarge) {
		return problem("the folder %s holds more than %d files; hand in the exercises alone", sub, untrusted.MaxEntries)
	}
	if err != nil {
		return problem("the folder %s cannot be read: %v", sub, untrusted.Cause(err))
	}
	for _, e := range entries {
		name := path.Join(sub, e.Name())
		if err := t.count(); err != nil {
			return err
		}
		root, rest, wanted := t.place(name)
		switch {
		case !wanted && e.IsDir() && strings.Count(name, "/") < maxDepth && !strings.HasPrefix(e.Name(), "."):
			err = t.walk(f, name)
		case !wanted:
		case e.IsDir() && depth(rest) < 2:
			err = errors.Join(t.keep(root, rest, fs.ModeDir, nil), t.walk(f, name))
		default:
			if info, ierr := e.Info(); ierr == nil && info.ModTime().After(t.youngest) {
				t.youngest = info.ModTime()
			}
			err = t.file(f, name, root, rest, e.Type())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *taker) file(f *untrusted.Folder, name, root, rest string, mode fs.FileMode) error {
	var data []byte
	if mode.IsRegular() && depth(rest) == 1 {
		var err error
		data, err = f.Read(filepath.FromSlash(name), maxFile)
		if err != nil && !errors.Is(err, untrusted.ErrTooLarge) {
			return problem("%s cannot be read: %v", name, untrusted.Cause(err))
		}
	}
	return t.keep(root, rest, mode.Type(), data)
}
