// Package stage takes what a learner wrote and lays it over the kit as it was
// shipped. Read picks the files of one exercise that are compiled, and refuses
// whatever could do more than solve the exercise: foreign imports, compiler
// directives, links, files that are not Go. A Tree says which files the build
// sees in place of those on disk.
//
// Reading is defensive: the folder may come from a stranger. No link is
// followed, nothing but ordinary files is opened for good, and never more than
// MaxBytes are held. Nothing here runs or compiles anything.
package stage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"

	"wirelab/grader/exercise"
)

// The limits of a submission, for each exercise.
const (
	MaxFiles = 20        // Go files that are compiled
	MaxBytes = 256 << 10 // in all of them together
)

// contractName is the given file of every exercise: always the kit's own.
const contractName = "contract.go"

// ErrMissing is matched by Read's error where the exercise's folder, or its
// stub, is not there: there is nothing to grade.
var ErrMissing = errors.New("missing")

// MissingError tells what is not there.
type MissingError struct {
	Path string // the folder or the stub, as the caller names it, with slashes
}

// Error says what to do.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing: put it back, from a fresh copy of the kit or with `git checkout -- %s`", e.Path, e.Path)
}

// Is matches ErrMissing.
func (e *MissingError) Is(target error) bool { return target == ErrMissing }

// Files is what a learner's folder holds for the build.
type Files struct {
	// Go maps base names to the contents of the files that are compiled.
	Go map[string][]byte
	// Notes are remarks that cost nothing, each a sentence without its stop:
	// "contract.go differs from the kit's and was ignored".
	Notes []string
	// Untouched is true where Go is the kit's own, byte for byte save for line
	// ends: nobody has started the exercise.
	Untouched bool
}

// Read reads dir, a learner's folder for the exercise m. pristine is the
// exercises folder as shipped. Errors match ErrMissing, or are a *RefusedError
// with everything that is wrong with the files; any other is the kit's fault.
func Read(m exercise.Manifest, pristine fs.FS, dir string) (Files, error) {
	dir = filepath.Clean(dir) // a slash at the end would follow a link
	return read(m, pristine, filepath.ToSlash(dir), func() (place, error) { return openFolder(dir) })
}

// ReadFS is Read for a submission that has been read into memory: it holds the
// exercise's folder under the exercise's id. shown is what messages call that.
func ReadFS(m exercise.Manifest, pristine, submission fs.FS, shown string) (Files, error) {
	return read(m, pristine, shown, func() (place, error) { return openTree(submission, m.ID, shown) })
}

func read(m exercise.Manifest, pristine fs.FS, shown string, open func() (place, error)) (Files, error) {
	shipped, err := compiled(m, pristine)
	if err != nil {
		return Files{}, err
	}
	contract, err := contractOf(pristine, m.ID)
	if err != nil {
		return Files{}, err
	}
	f, err := open()
	if err != nil {
		return Files{}, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	r := reader{manifest: m, folder: f, name: path.Base(shown), contract: contract, found: map[string][]byte{}}
	if err := r.read(); err != nil {
		return Files{}, err
	}
	if !r.seen[m.File] {
		return Files{}, &MissingError{Path: path.Join(shown, m.File)}
	}
	return Files{Go: r.found, Notes: r.notes, Untouched: maps.EqualFunc(r.found, shipped, sameText)}, nil
}

// compiled returns the kit's own files that the learner's take the place of.
func compiled(m exercise.Manifest, pristine fs.FS) (map[string][]byte, error) {
	entries, err := fs.ReadDir(pristine, m.ID)
	if err != nil {
		return nil, fmt.Errorf("the kit's own exercise: %w", err)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if entry.IsDir() || !isSource(m, entry.Name()) {
			continue
		}
		data, err := fs.ReadFile(pristine, path.Join(m.ID, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("the kit's own exercise: %w", err)
		}
		files[entry.Name()] = data
	}
	return files, nil
}

// contractOf returns the contract of an exercise; nil where it has none.
func contractOf(pristine fs.FS, id string) ([]byte, error) {
	data, err := fs.ReadFile(pristine, path.Join(id, contractName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the kit's own contract: %w", err)
	}
	return data, nil
}

// sameText compares files by their lines, however those end.
func sameText(a, b []byte) bool { return bytes.Equal(unix(a), unix(b)) }

func unix(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }
