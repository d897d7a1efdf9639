package stage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"wirelab/grader/untrusted"
)

// place is where a learner's files of one exercise are.
type place interface {
	// Entries lists a folder ("." for the place itself), sorted by name.
	Entries(sub string) ([]fs.DirEntry, error)
	// Read returns an ordinary file of at most limit bytes.
	Read(name string, limit int64) ([]byte, error)
	Close() error
}

// openFolder opens a folder of the file system.
func openFolder(dir string) (place, error) {
	f, err := untrusted.Open(dir)
	name := filepath.Base(dir)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &MissingError{Path: filepath.ToSlash(dir)}
	case errors.Is(err, untrusted.ErrLink):
		return nil, refuseFolder(name, "is a symbolic link; put the folder itself here.")
	case errors.Is(err, untrusted.ErrNoFolder):
		return nil, refuseFolder(name, "is not a folder.")
	case errors.Is(err, untrusted.ErrChanged):
		return nil, refuseFolder(name, "changed while it was read.")
	}
	return nil, refuseFolder(name, "cannot be opened: %v.", untrusted.Cause(err))
}

func refuseFolder(name, format string, args ...any) error {
	return refuse(Problem{File: name, Text: fmt.Sprintf(format, args...)})
}

// tree is a folder of a submission that has been read into memory.
type tree struct {
	fsys fs.FS
	dir  string
}

// openTree opens a folder of fsys, called shown in messages.
func openTree(fsys fs.FS, dir, shown string) (place, error) {
	info, err := fs.Stat(fsys, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &MissingError{Path: shown}
	case err != nil:
		return nil, refuseFolder(dir, "cannot be opened: %v.", untrusted.Cause(err))
	case !info.IsDir():
		return nil, refuseFolder(dir, "is not a folder.")
	}
	return tree{fsys, dir}, nil
}

// Entries satisfies place.
func (t tree) Entries(sub string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(t.fsys, path.Join(t.dir, sub))
	if len(entries) > untrusted.MaxEntries {
		return nil, untrusted.ErrTooLarge
	}
	return entries, err
}

// Read satisfies place.
func (t tree) Read(name string, limit int64) ([]byte, error) {
	f, err := t.fsys.Open(path.Join(t.dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was in memory
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, untrusted.ErrIrregular
	}
	return untrusted.Bounded(io.Reader(f), limit)
}

// Close satisfies place.
func (tree) Close() error { return nil }
