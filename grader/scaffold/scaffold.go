// Package scaffold begins a new exercise: a whole one, with stub, reference,
// driver, checks and mutants, that can be verified before the author has changed
// a word.
package scaffold

import (
	_ "embed" // for the template
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"wirelab/grader/whole"
)

//go:embed template.txtar
var template []byte

// ErrName is matched for an id that is no exercise's, ErrTaken where something
// of that name is there already. The errors say what to do.
var (
	ErrName  = errors.New("no name for an exercise")
	ErrTaken = errors.New("the name is taken")
)

var named = regexp.MustCompile(`^([0-9]{2})_([a-z]+)$`)

// New writes the exercise id ("19_demo") into the kit at root, and returns the
// names of the files that it wrote or changed, with slashes. Nothing is
// overwritten. Errors match ErrName or ErrTaken, or are the system's.
func New(root, id string) ([]string, error) {
	m := named.FindStringSubmatch(id)
	if m == nil {
		return nil, fmt.Errorf("%w: %q; two digits, an underscore and lower-case letters, such as 19_demo", ErrName, id)
	}
	files := files(id, m[2])
	if err := free(root, id, files); err != nil {
		return nil, err
	}
	var written []string
	for _, f := range files {
		if err := whole.Bytes(filepath.Join(root, filepath.FromSlash(f.Name)), 0o644, f.Data); err != nil {
			return written, err
		}
		written = append(written, f.Name)
	}
	return append(written, registry), register(root, id, m[2])
}

// files are the template's, under the exercise's name; the contract is the same
// in both places.
func files(id, name string) []txtar.File {
	var all []txtar.File
	for _, f := range txtar.Parse(template).Files {
		f.Name, f.Data = rename(f.Name, id, name), []byte(rename(string(f.Data), id, name))
		all = append(all, f)
		if to, ok := strings.CutPrefix(f.Name, "exercises/"); ok && strings.HasSuffix(to, "/contract.go") {
			all = append(all, txtar.File{Name: "solutions/" + to, Data: f.Data})
		}
	}
	return all
}

// word matches the template's name for the package where it stands for itself
// or begins an identifier of the checks.
var word = regexp.MustCompile(`\bname(\b|_|[A-Z])`)

func rename(text, id, name string) string {
	return word.ReplaceAllString(strings.ReplaceAll(text, "NN_name", id), name+"$1")
}

// free holds that nothing is there yet: no file, and no exercise of that number
// or bare name.
func free(root, id string, files []txtar.File) error {
	for _, f := range files {
		path := filepath.Join(root, filepath.FromSlash(f.Name))
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is there; choose another name", ErrTaken, f.Name)
		}
	}
	for _, pattern := range []string{id[:3] + "*", "[0-9][0-9]" + id[2:]} {
		found, err := filepath.Glob(filepath.Join(root, "exercises", pattern))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("%w: there is %s; number and name are to be new", ErrTaken, filepath.Base(found[0]))
		}
	}
	return nil
}

// registry is the file in which exercises are paired with their checks.
const registry = "grader/checks/checks.go"

// register adds the exercise to checks.For, as the last of the cases.
func register(root, id, name string) error {
	path := filepath.Join(root, filepath.FromSlash(registry))
	data, err := os.ReadFile(path) //nolint:gosec // the kit's own file
	if err != nil {
		return err
	}
	const end = "\t}\n\treturn nil\n}\n"
	before, after, found := strings.Cut(string(data), end)
	if !found {
		return fmt.Errorf("%s does not look as it did; add a case for %s to For by hand", registry, id)
	}
	added := fmt.Sprintf("\tcase %q:\n\t\treturn %sChecks\n", id, name)
	return whole.Bytes(path, 0o644, []byte(before+added+end+after))
}
