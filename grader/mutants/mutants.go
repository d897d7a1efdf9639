// Package mutants holds wrong implementations: the reference solution of an
// exercise with one plausible bug each. They prove the checks (a check that no
// mutant fails checks nothing), and later grade learners' own tests.
//
// A mutant is one small TOML file, <exercise>/<name>.toml: the reason, which
// says what the bug would cost its users, the checks that are meant to kill
// it, and edits of the reference, each of which must fit exactly one place.
package mutants

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed */*.toml
var files embed.FS

// ErrMutant is matched by the errors of Load and Apply.
var ErrMutant = errors.New("invalid mutant")

// Mutant is one wrong implementation.
type Mutant struct {
	Name string `toml:"-"` // the file's name without its ending
	// Reason says in a sentence what is wrong and whom it hurts.
	Reason string `toml:"reason"`
	// KilledBy lists the checks that must fail, the one it was written for first.
	KilledBy []string `toml:"killed_by"`
	// Exactly says that these are all: no other check may fail the mutant.
	Exactly bool   `toml:"exactly"`
	Edits   []Edit `toml:"edit"`
	// Like names another mutant, "06_probe/always-open", whose edits this one
	// shares; it has none of its own then.
	Like string `toml:"like"`
}

// Edit replaces a piece of text that occurs exactly once in a file of the
// reference. The texts' leading line break, which TOML's ”' asks for, is not
// part of them.
type Edit struct {
	File string `toml:"file"` // base name
	Old  string `toml:"old"`
	New  string `toml:"new"`
}

// Load returns the mutants of an exercise in the order of their names. Errors
// match ErrMutant and name the file.
func Load(exercise string) ([]Mutant, error) { return load(files, exercise) }

func load(fsys fs.FS, exercise string) ([]Mutant, error) {
	names, err := fs.Glob(fsys, path.Join(exercise, "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMutant, err)
	}
	var all []Mutant
	var errs []error
	for _, name := range names {
		m, err := read(fsys, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: grader/mutants/%s: %w", ErrMutant, name, err))
			continue
		}
		all = append(all, m)
	}
	return all, errors.Join(errs...)
}

func read(fsys fs.FS, name string) (Mutant, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Mutant{}, err
	}
	m := Mutant{Name: strings.TrimSuffix(path.Base(name), ".toml")}
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Mutant{}, err
	}
	if m.Like != "" {
		other, err := read(fsys, m.Like+".toml")
		if err != nil {
			return Mutant{}, fmt.Errorf("like %s: %w", m.Like, err)
		}
		if len(m.Edits) > 0 {
			return Mutant{}, errors.New("it is like another mutant, and has edits of its own")
		}
		m.Edits = other.Edits
		m.Reason = cmp.Or(m.Reason, other.Reason)
	}
	switch {
	case m.Reason == "":
		return Mutant{}, errors.New("it has no reason")
	case len(m.KilledBy) == 0:
		return Mutant{}, errors.New("no check is meant to kill it")
	case len(m.Edits) == 0:
		return Mutant{}, errors.New("it changes nothing")
	}
	for i, e := range m.Edits {
		if e.File == "" || e.Old == "" || e.Old == e.New {
			return Mutant{}, fmt.Errorf("edit %d needs a file, a text that is there, and another in its place", i+1)
		}
	}
	return m, nil
}

// Apply returns the reference's files (contents by base name) with the
// mutant's bug. The reference is left alone. Errors match ErrMutant.
func (m Mutant) Apply(reference map[string][]byte) (map[string][]byte, error) {
	out := maps.Clone(reference)
	for _, e := range m.Edits {
		src, ok := out[e.File]
		if !ok {
			return nil, fmt.Errorf("%w: %s: the reference has no file %s", ErrMutant, m.Name, e.File)
		}
		if n := bytes.Count(src, []byte(e.Old)); n != 1 {
			return nil, fmt.Errorf("%w: %s: this occurs %d times in %s, not once: %q", ErrMutant, m.Name, n, e.File, e.Old)
		}
		out[e.File] = bytes.Replace(src, []byte(e.Old), []byte(e.New), 1)
	}
	return out, nil
}
