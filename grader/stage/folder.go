package stage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// maxEntries bounds the listing of a folder.
const maxEntries = 1000

var (
	errTooLarge  = errors.New("too large")
	errIrregular = errors.New("not an ordinary file")
)

// folder is a learner's folder, held open, so that nobody can put another in
// its place while it is read.
type folder struct {
	name string // as shown
	root *os.Root
}

// openFolder opens dir, which must be a folder itself and no link to one.
func openFolder(dir string) (*folder, error) {
	f := &folder{name: filepath.Base(dir)}
	before, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &MissingError{Path: filepath.ToSlash(dir)}
	case err != nil:
		return nil, f.refuse("cannot be opened: %v.", cause(err))
	case before.Mode()&fs.ModeSymlink != 0:
		return nil, f.refuse("is a symbolic link; put the folder itself here.")
	case !before.IsDir():
		return nil, f.refuse("is not a folder.")
	}
	f.root, err = os.OpenRoot(dir)
	if err != nil {
		return nil, f.refuse("cannot be opened: %v.", cause(err))
	}
	after, err := f.root.Stat(".")
	if err != nil || !os.SameFile(before, after) {
		f.close()
		return nil, f.refuse("changed while it was read.")
	}
	return f, nil
}

func (f *folder) close() { _ = f.root.Close() } // nothing was written

func (f *folder) refuse(format string, args ...any) error {
	return refuse(Problem{File: f.name, Text: fmt.Sprintf(format, args...)})
}

// entries lists what is in sub ("." for the folder itself), sorted by name.
func (f *folder) entries(sub string) ([]fs.DirEntry, error) {
	dir, err := f.root.OpenFile(sub, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing was written
	entries, err := dir.ReadDir(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > maxEntries {
		return nil, errTooLarge
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// read returns the contents of the ordinary file called name, if they are at
// most limit bytes. Opening does not block on a FIFO, and what was opened is
// compared with what the folder listed: a link cannot slip in between.
func (f *folder) read(name string, limit int64) ([]byte, error) {
	before, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errIrregular
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	after, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(before, after) {
		return nil, errIrregular
	}
	if after.Size() > limit {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if int64(len(data)) > limit { // it grew since
		return nil, errTooLarge
	}
	return data, err
}

// cause strips the path from an error of package os: it names the machine's
// folders, and the problem names the file already.
func cause(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}
