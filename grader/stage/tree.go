package stage

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ErrName is matched by Place's error for a file name that is no base name.
var ErrName = errors.New("not the name of a file in one folder")

// Tree says how the build sees the kit: which files it finds in place of, or
// besides, those on disk, and which it does not find. Paths are relative to
// the kit's root and have slashes. The zero value is the kit as it lies there.
type Tree struct {
	Replace map[string][]byte // contents by path
	Remove  []string          // sorted
}

// Place makes the package exercises/id of the kit at kitRoot consist of files
// (contents by base name) and the contract as shipped, and of nothing else,
// whatever lies on disk. It pins exercises/port to what was shipped, too.
// files may be a learner's, a reference's or a mutant's; a contract.go among
// them is passed over. Placing an exercise again takes the place of the first.
func (t *Tree) Place(pristine fs.FS, kitRoot, id string, files map[string][]byte) error {
	contract, err := contractOf(pristine, id)
	if err != nil {
		return err
	}
	placed := maps.Clone(files)
	delete(placed, contractName)
	if contract != nil {
		if placed == nil {
			placed = map[string][]byte{}
		}
		placed[contractName] = contract
	}
	port, err := given(pristine, "port")
	if err != nil {
		return err
	}
	if err := t.Fill(kitRoot, "exercises/port", port); err != nil {
		return err
	}
	return t.Fill(kitRoot, path.Join("exercises", id), placed)
}

// given returns the Go files of a package that learners do not write.
func given(pristine fs.FS, folder string) (map[string][]byte, error) {
	names, err := fs.Glob(pristine, path.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("the kit's package %s: %w", folder, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		data, err := fs.ReadFile(pristine, name)
		if err != nil {
			return nil, fmt.Errorf("the kit's package %s: %w", folder, err)
		}
		files[path.Base(name)] = data
	}
	return files, nil
}

// Fill makes a folder of the kit at kitRoot hold files (contents by base name)
// and nothing else, whatever lies on disk. Subfolders stay: they are packages of
// their own.
func (t *Tree) Fill(kitRoot, folder string, files map[string][]byte) error {
	onDisk, err := os.ReadDir(filepath.Join(kitRoot, filepath.FromSlash(folder)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for what the build must not see: %w", err)
	}
	t.forget(folder)
	for name, data := range files {
		if !fs.ValidPath(name) || name == "." || path.Base(name) != name {
			return fmt.Errorf("%w: %q", ErrName, name)
		}
		t.Replace[path.Join(folder, name)] = data
	}
	for _, entry := range onDisk {
		if _, placed := files[entry.Name()]; !placed && !entry.IsDir() {
			t.Remove = append(t.Remove, path.Join(folder, entry.Name()))
		}
	}
	slices.Sort(t.Remove)
	return nil
}

// forget drops what was said of a folder before.
func (t *Tree) forget(folder string) {
	if t.Replace == nil {
		t.Replace = map[string][]byte{}
	}
	inside := func(name string) bool { return strings.HasPrefix(name, folder+"/") }
	maps.DeleteFunc(t.Replace, func(name string, _ []byte) bool { return inside(name) })
	t.Remove = slices.DeleteFunc(t.Remove, inside)
}
