package grade

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"wirelab/grader/scanners"
	"wirelab/grader/sealed"
	"wirelab/grader/whole"
)

// A learner's kit holds no solutions and no mutants. What grading needs of them
// is built when the kit is released, and lies beside labhost.

// ScannersName is the program that is every scanner which learners' tests are
// tried on, in a learner's kit.
const ScannersName = "scanners"

// sealedReference returns a reference of a learner's kit; ok is false in a kit
// that has its solutions.
func (g *Grader) sealedReference(id string) (files map[string][]byte, ok bool, err error) {
	data, err := os.ReadFile(filepath.Join(filepath.Dir(g.Builder.Labhost), sealed.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("the reference of %s: %w", id, err)
	}
	all, err := sealed.Open(data)
	if err != nil {
		return nil, false, fmt.Errorf("the reference of %s: %w", id, err)
	}
	files = map[string][]byte{}
	for _, f := range all {
		if name, ours := strings.CutPrefix(f.Name, id+"/"); ours {
			files[name] = f.Data
		}
	}
	if len(files) == 0 {
		return nil, false, fmt.Errorf("the reference of %s is missing: %w", id, sealed.ErrSeal)
	}
	return files, true, nil
}

// sealable returns the references that others build on, and those that `wirelab
// demo` shows, sorted by exercise and name. Nobody needs the rest.
func (g *Grader) sealable() (sealed.Files, error) {
	needed := map[string]bool{scanners.Exercise: true}
	for _, m := range g.Exercises {
		for _, id := range m.Needs {
			needed[id] = true
		}
	}
	var all sealed.Files
	for _, m := range g.Exercises {
		if !needed[m.ID] {
			continue
		}
		files, err := g.Reference(m.ID)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			all = append(all, txtar.File{Name: m.ID + "/" + name, Data: files[name]})
		}
	}
	return all, nil
}

// Ship writes into dir what a learner's kit for the builder's processor needs of
// solutions and mutants.
func (g *Grader) Ship(ctx context.Context, dir string) error {
	files, err := g.sealable()
	if err != nil {
		return err
	}
	data, err := sealed.Seal(files)
	if err != nil {
		return err
	}
	program, err := g.scanners(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = program.Close() }() // nothing was written
	return errors.Join(
		whole.Bytes(filepath.Join(dir, sealed.Name), 0o644, data),
		whole.Write(filepath.Join(dir, ScannersName), 0o755, func(w io.Writer) error {
			_, err := io.Copy(w, program)
			return err
		}),
	)
}

// warmShipped compiles what learners' code may import into the build cache,
// where a learner's kit has not been used with this Go yet: the compiler's
// sandbox may read the cache, and not write to it. `make build` does so elsewhere.
func (g *Grader) warmShipped(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(filepath.Dir(g.Builder.Labhost), sealed.Name)); err != nil {
		return nil //nolint:nilerr // no learner's kit
	}
	return g.once("warm", func() error {
		g.progress(0, 0, "compiling what your code may import, once")
		return g.warm(ctx)
	})
}

func (g *Grader) warmTestsOnce(ctx context.Context) error {
	return g.once("warm-tests", func() error { return g.warmTests(ctx) })
}

// once does something for this Go and build cache, and leaves a mark. A mark
// that cannot be left costs time, and nothing else.
func (g *Grader) once(what string, do func() error) error {
	mark := filepath.Join(g.Builder.Toolchain.Cache, "wirelab-"+what)
	version := g.goVersion() + "\n" + g.Builder.Kit + "\n"
	if data, err := os.ReadFile(mark); err == nil && string(data) == version { //nolint:gosec // a file of the build cache
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	_ = whole.Bytes(mark, 0o644, []byte(version))
	return nil
}
