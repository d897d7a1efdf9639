package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"

	"wirelab/grader/build"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/labenv"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/plan"
)

// labFlag chooses the lab.
type labFlag struct {
	Lab string `default:"auto" enum:"auto,netns,docker" env:"WIRELAB_LAB" help:"The kind of lab: ${enum}; auto is netns where namespaces can be made, else docker."`
}

// labFlags choose the lab and the seed.
type labFlags struct {
	labFlag
	Seed *uint64 `placeholder:"N" help:"Repeat the run that printed this seed. Each run draws its own otherwise."`
}

// seed returns the seed asked for, or a fresh one that people can type.
func (f labFlags) seed() (uint64, error) {
	if f.Seed != nil {
		return *f.Seed, nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return n.Uint64(), nil
}

// exercises reads the manifests as shipped and picks those named; all of them
// where none is.
func exercises(names []string) (fs.FS, []exercise.Manifest, []exercise.Manifest, error) {
	shipped := pristine.FS()
	all, err := exercise.Load(shipped)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(names) == 0 {
		return shipped, all, all, nil
	}
	var picked []exercise.Manifest
	var errs []error
	seen := map[string]bool{}
	for _, name := range names {
		m, err := exercise.Find(all, name)
		errs = append(errs, err)
		if err == nil && !seen[m.ID] {
			seen[m.ID] = true
			picked = append(picked, m)
		}
	}
	return shipped, all, picked, errors.Join(errs...)
}

// kitRoot finds the kit: at or above the working directory, else at or above
// this program.
func kitRoot() (string, error) {
	root, err := binary.Root()
	if err == nil {
		return root, nil
	}
	self, serr := os.Executable()
	if serr != nil {
		return "", usageError{err}
	}
	if self, serr = filepath.EvalSymlinks(self); serr != nil {
		return "", usageError{err}
	}
	if root, serr = binary.RootFrom(filepath.Dir(self)); serr != nil {
		return "", usageError{err}
	}
	return root, nil
}

// newGrader puts together what grading takes. The labs are the caller's to
// close, when nothing is graded any more.
func newGrader(ctx context.Context, f labFlags, shipped fs.FS, all []exercise.Manifest) (*grade.Grader, labs, error) {
	root, err := kitRoot()
	if err != nil {
		return nil, labs{}, err
	}
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return nil, labs{}, err
	}
	labhost, err := binary.Find()
	if err != nil {
		return nil, labs{}, err
	}
	seed, err := f.seed()
	if err != nil {
		return nil, labs{}, err
	}
	l, err := f.open(ctx, labhost)
	if err != nil {
		return nil, labs{}, err
	}
	builder := build.Builder{Toolchain: tools, Kit: root, Labhost: labhost, Unconfined: l.unconfined, Arch: l.arch}
	return &grade.Grader{
		Builder:   builder,
		Pristine:  shipped,
		Exercises: all,
		Lab:       until(ctx, l.make),
		LabKind:   l.kind,
		Seed:      seed,
	}, l, nil
}

// labs are the labs of one run.
type labs struct {
	kind  string // as reports give it
	make  labenv.Maker
	close func() error
	// arch is the processor of the labs' machine as GOARCH has it; "" is that
	// of this one.
	arch string
	// unconfined says that the compiler can have no sandbox here.
	unconfined bool
}

// open opens labs of the kind asked for. auto is namespaces where they can be
// made, else containers.
func (f labFlag) open(ctx context.Context, labhost string) (labs, error) {
	refused := namespaceError(ctx, labhost)
	if f.Lab == labNetns || f.Lab == labAuto && refused == nil {
		return openNetns(labhost), refused
	}
	l, err := openDocker(ctx, labhost)
	l.unconfined = refused != nil
	if err != nil && f.Lab == labAuto {
		// Two ways, and neither is open: the first has the better reasons.
		return l, labError{fmt.Errorf("%w\nLabs of containers would do as well, but: %s", refused, err.Error())}
	}
	return l, err
}

// The kinds of labs.
const (
	labAuto   = "auto"
	labNetns  = "netns"
	labDocker = "docker"
)

// until returns a maker of labs that end with ctx, and everything in them: a
// learner's program that hangs does not keep Ctrl-C waiting.
func until(ctx context.Context, mk labenv.Maker) labenv.Maker {
	return func(start context.Context, p plan.Plan) (labenv.Lab, error) {
		l, err := mk(start, p)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // whoever uses the lab closes it, too
		return boundLab{l, stop}, nil
	}
}

// boundLab is a lab that ends with a context.
type boundLab struct {
	labenv.Lab
	stop func() bool
}

// Close ends the lab.
func (l boundLab) Close() error {
	l.stop()
	return l.Lab.Close()
}

// labError says that a lab could not be started.
type labError struct{ error }

// Unwrap returns the reason.
func (e labError) Unwrap() error { return e.error }

// tryLab starts and ends a lab, so that a machine that cannot have one is told
// so once and not by every check. Errors: labError.
func tryLab(ctx context.Context, mk labenv.Maker) error {
	l, err := mk(ctx, plan.New(0).Plan())
	if err != nil {
		return labError{err}
	}
	return l.Close()
}

// authorsKit finds the kit, which must be one with solutions and mutants: a
// learner's kit has none.
func authorsKit() (string, error) {
	root, err := kitRoot()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "solutions")); err != nil {
		return "", usageError{errors.New("this is a learner's kit, without solutions: use a clone of the authors' kit for that")}
	}
	return root, nil
}
