package grade

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"wirelab/grader/scanners"
	"wirelab/grader/stage"
)

// scanners returns the program that is every scanner which learners' tests are
// tried on. It is built when it is first needed, by the kit's own hands and
// without the compiler's sandbox, since all of it is the kit's; then it lies in
// bin/. So does what tests are compiled with lie in the build cache from then on.
// The file is the caller's to close.
func (g *Grader) scanners(ctx context.Context) (*os.File, error) {
	if shipped, err := os.Open(filepath.Join(filepath.Dir(g.Builder.Labhost), ScannersName)); err == nil {
		if err := g.warmTestsOnce(ctx); err != nil {
			return nil, errors.Join(err, shipped.Close())
		}
		return shipped, nil
	}
	tree, err := g.scannersTree()
	if err != nil {
		return nil, fmt.Errorf("the scanners that tests are tried on: %w", err)
	}
	bin := filepath.Join(g.Builder.Kit, "bin")
	kept := filepath.Join(bin, scannersName+g.digest(tree))
	if f, err := os.Open(kept); err == nil { //nolint:gosec // the kit's own file
		return f, nil
	}
	g.progress(0, 0, "compiling the scanners that tests are tried on, once")
	own := g.Builder
	own.Unconfined = true
	asTheyAre := func(s string) string { return s }
	built, err := own.Build(ctx, scanners.Main, tree, asTheyAre)
	if err != nil {
		return nil, fmt.Errorf("the scanners that tests are tried on: %w", err)
	}
	if err := g.warmTests(ctx); err != nil {
		return nil, errors.Join(err, built.Close())
	}
	// A kit that cannot be written to builds them every time.
	_ = keep(built, kept)
	if _, err := built.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, built.Close())
	}
	return built, nil
}

const scannersName = "scanners-"

// scannersTree is the source of the scanners.
func (g *Grader) scannersTree() (stage.Tree, error) {
	var tree stage.Tree
	reference, err := g.Reference(scanners.Exercise)
	if err != nil {
		return tree, err
	}
	if err := tree.Place(g.Pristine, g.Builder.Kit, scanners.Exercise, reference); err != nil {
		return tree, err
	}
	source := func(folder string) (map[string][]byte, error) { return g.goFiles(folder, false) }
	made, err := scanners.Tree(source, g.contract)
	maps.Copy(tree.Replace, made)
	return tree, err
}

func (g *Grader) contract(id string) ([]byte, error) {
	return fs.ReadFile(g.Pristine, path.Join(id, "contract.go"))
}

// digest identifies a program by its source, the compiler and the processor.
func (g *Grader) digest(tree stage.Tree) string {
	version := g.goVersion()
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", version, g.Builder.Arch)
	for _, name := range slices.Sorted(maps.Keys(tree.Replace)) {
		fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(tree.Replace[name]), tree.Replace[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// goVersion identifies the Go toolchain.
func (g *Grader) goVersion() string {
	version, err := os.ReadFile(filepath.Join(g.Builder.Toolchain.GoRoot, "VERSION"))
	if err != nil {
		return g.Builder.Toolchain.GoRoot // built from source
	}
	return string(version)
}

// keep puts a copy of a program at a path, whole or not at all, and removes what
// other versions left there.
func keep(program *os.File, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, scannersName+"*"))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+scannersName+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	info, err := program.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = io.Copy(f, io.NewSectionReader(program, 0, info.Size()))
	if err := errors.Join(err, f.Chmod(0o755), f.Close()); err != nil {
		return err
	}
	for _, name := range old {
		_ = os.Remove(name) // at worst it takes up room
	}
	return os.Rename(f.Name(), path)
}

// warm compiles what drivers and learners' code may import.
func (g *Grader) warm(ctx context.Context) error {
	own := g.Builder
	own.Unconfined = true
	program, err := own.Build(ctx, "./grader/drivers/warm", stage.Tree{}, func(s string) string { return s })
	if err != nil {
		return fmt.Errorf("compile what your code may import: %w", err)
	}
	return program.Close()
}

// warmTests compiles the kit's own stub of each exercise that grades a test, so
// that testify and gopacket lie in the build cache: the compiler's sandbox cannot
// put them there.
func (g *Grader) warmTests(ctx context.Context) error {
	own := g.Builder
	own.Unconfined = true
	for _, m := range g.Exercises {
		if !m.GradesTests() {
			continue
		}
		stub, err := fs.ReadFile(g.Pristine, path.Join(m.ID, m.File))
		if err != nil {
			return err
		}
		tree, err := g.testTree(m.ID, map[string][]byte{m.File: stub})
		if err != nil {
			return err
		}
		program, err := own.BuildTest(ctx, "./exercises/"+m.ID, tree, func(s string) string { return s })
		if err != nil {
			return fmt.Errorf("compile the stub of %s: %w", m.ID, err)
		}
		if err := program.Close(); err != nil {
			return err
		}
	}
	return nil
}

// testTree puts a learner's test in its place, and shims in that of the scanner
// and the lab.
func (g *Grader) testTree(id string, files map[string][]byte) (stage.Tree, error) {
	var tree stage.Tree
	if err := tree.Place(g.Pristine, g.Builder.Kit, id, files); err != nil {
		return tree, err
	}
	open, err := os.ReadFile(filepath.Join(g.Builder.Kit, "labenv", "labtest", "open.go"))
	if err != nil {
		return tree, fmt.Errorf("labtest's own code: %w", err)
	}
	contract, err := g.contract(scanners.Exercise)
	if err != nil {
		return tree, err
	}
	for folder, files := range scanners.Shim(open, contract) {
		if err := tree.Fill(g.Builder.Kit, folder, files); err != nil {
			return tree, err
		}
	}
	return tree, nil
}
