package pristine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// ErrUnpackable is matched by Pack's errors about files that a txtar archive
// cannot hold unchanged. Their text names each one and says what to do.
var ErrUnpackable = errors.New("the archive cannot hold this file")

const heading = `The exercises as shipped. Written by

	go run ./grader/pristine/generate

from the exercises folder: change the files there, not here.

`

// plainName is a path that the archive keeps unchanged: a marker line trims
// blanks and ends at a line end.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// lineEnd takes the place of what a checkout may have made of "\n".
var lineEnd = regexp.MustCompile(`\r*\n`)

// Pack writes the exercises folder root as an archive: its Go files,
// manifests, lessons and hints, sorted by name, with LF line ends. The same
// files give the same bytes. Every file that cannot be packed is reported.
func Pack(root fs.FS) ([]byte, error) {
	files, err := collect(root)
	if err != nil {
		return nil, err
	}
	packed := &txtar.Archive{Comment: []byte(heading)}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		errs = append(errs, packable(name, files[name]))
		packed.Files = append(packed.Files, txtar.File{Name: name, Data: files[name]})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return txtar.Format(packed), nil
}

// packable says why a file would not survive the archive, if it would not.
func packable(name string, data []byte) error {
	switch {
	case !plainName.MatchString(name):
		return fmt.Errorf("%w: %q: rename it with letters, digits, . _ and - only", ErrUnpackable, name)
	case len(data) > 0 && data[len(data)-1] != '\n':
		return fmt.Errorf("%w: %s: its last line has no line end; add one", ErrUnpackable, name)
	case txtar.NeedsQuote(data):
		return fmt.Errorf("%w: %s: a line of it looks like txtar's own \"-- name --\"; write it differently", ErrUnpackable, name)
	}
	return nil
}

// collect reads the files that an archive keeps, with LF line ends.
func collect(root fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case hidden(name) && d.IsDir():
			return fs.SkipDir
		case hidden(name) || !d.Type().IsRegular() || !kept(name):
			return nil
		}
		data, err := fs.ReadFile(root, name)
		files[name] = lineEnd.ReplaceAll(data, []byte("\n"))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the exercises: %w", err)
	}
	return files, nil
}

// hidden tells the files that editors and the go command keep to themselves.
func hidden(name string) bool {
	base := path.Base(name)
	return name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
}

// kept tells the files that are part of an exercise.
func kept(name string) bool {
	switch path.Base(name) {
	case "exercise.toml", "README.md", "hints.md":
		return true
	}
	return path.Ext(name) == ".go"
}
