// Package untrusted reads folders that come from strangers. No link is
// followed, nothing but ordinary files is opened for good, listings and
// contents are bounded, and a folder cannot be swapped for another while it is
// read.
package untrusted

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// MaxEntries bounds the listing of one folder.
const MaxEntries = 1000

// What is wrong with something in a folder.
var (
	ErrTooLarge  = errors.New("too large")
	ErrIrregular = errors.New("not an ordinary file")
	ErrLink      = errors.New("a symbolic link")
	ErrNoFolder  = errors.New("not a folder")
	ErrChanged   = errors.New("changed while it was read")
)

// Folder is a stranger's folder, held open, so that nobody can put another in
// its place while it is read.
type Folder struct{ root *os.Root }

// Open opens dir, which must be a folder itself and no link to one. Errors
// match fs.ErrNotExist, ErrLink, ErrNoFolder or ErrChanged, or are the
// system's.
func Open(dir string) (*Folder, error) {
	dir = filepath.Clean(dir) // a slash at the end would follow a link
	before, err := os.Lstat(dir)
	switch {
	case err != nil:
		return nil, err
	case before.Mode()&fs.ModeSymlink != 0:
		return nil, ErrLink
	case !before.IsDir():
		return nil, ErrNoFolder
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	after, err := root.Stat(".")
	if err != nil || !os.SameFile(before, after) {
		return nil, errors.Join(ErrChanged, root.Close())
	}
	return &Folder{root}, nil
}

// Close frees the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Entries lists what is in sub ("." for the folder itself), sorted by name.
// The error matches ErrTooLarge where that is more than MaxEntries.
func (f *Folder) Entries(sub string) ([]fs.DirEntry, error) {
	dir, err := f.root.OpenFile(sub, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing was written
	entries, err := dir.ReadDir(MaxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > MaxEntries {
		return nil, ErrTooLarge
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Read returns the contents of the ordinary file called name, if they are at
// most limit bytes; of a longer one it returns limit bytes and an error that
// matches ErrTooLarge. Opening does not block on a FIFO, and what was opened is
// compared with what the folder listed: a link cannot slip in between.
func (f *Folder) Read(name string, limit int64) ([]byte, error) {
	before, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, ErrIrregular
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
		return nil, ErrIrregular
	}
	return Bounded(file, limit)
}

// Bounded reads r to its end, if that comes after at most limit bytes; else it
// returns limit bytes and ErrTooLarge.
func Bounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return data[:limit], ErrTooLarge
	}
	return data, err
}

// Cause strips the path from an error of package os: it names the machine's
// folders, and a report names the file already.
func Cause(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}
