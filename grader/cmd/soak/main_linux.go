// Command soak looks for false outcomes: it grades the references again and
// again while every CPU is kept busy. The references are right, so each outcome
// but pass is the kit's mistake; it is printed with its seed, and the exit
// status is 1. `make soak N=200` runs it on all exercises, EX=15_pin on one. Ctrl-C ends it early and prints what
// is known.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"wirelab/grader/build"
	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/grader/report"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
)

// runLimit bounds one run, which takes some seconds.
const runLimit = 5 * time.Minute

// errWrong tells that there were outcomes other than pass.
var errWrong = errors.New("not every outcome was a pass")

func main() {
	if len(os.Args) == 2 && os.Args[1] == busyArg {
		beBusy()
	}
	n := flag.Int("n", 200, "how many `runs`")
	seed := flag.Uint64("seed", rand.Uint64N(1_000_000_000), "the first run's `seed`; each further run adds one") //nolint:gosec // to be repeated, not secret
	flag.Parse()
	if *n < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, flag.Args(), *n, *seed, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string, n int, seed uint64, out io.Writer, terminal *os.File) (err error) {
	g, err := newGrader(ctx)
	if err != nil {
		return err
	}
	picked := g.Exercises
	if len(names) > 0 {
		picked = nil
	}
	for _, name := range names {
		m, err := exercise.Find(g.Exercises, name)
		if err != nil {
			return err
		}
		picked = append(picked, m)
	}
	reports := filepath.Join(g.Builder.Kit, "reports", "soak")
	stop, err := keepBusy()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	fmt.Fprintf(out, "%d runs, from seed %d on\n", n, seed)
	start := time.Now()
	t := &tally{count: map[check.Status]int{}}
	progress := report.NewProgress(terminal, report.IsTerminal(terminal))
	for i := range n {
		progress.Step(i, n, t.String())
		r, err := once(ctx, g, picked, seed+uint64(i), reports)
		progress.Done()
		if ctx.Err() != nil {
			break // what was cut short is no outcome
		}
		if err != nil {
			return err
		}
		t.add(out, r)
	}
	t.write(out, time.Since(start), reports)
	if t.wrong > 0 {
		return errWrong
	}
	return os.RemoveAll(reports)
}

// newGrader puts the kit together, as `make build` left it.
func newGrader(ctx context.Context) (*grade.Grader, error) {
	root, err := binary.Root()
	if err != nil {
		return nil, err
	}
	labhost := filepath.Join(root, "bin", "labhost")
	if _, err := os.Stat(labhost); err != nil {
		return nil, fmt.Errorf("the kit is not built: run `make build` (%w)", err)
	}
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return nil, err
	}
	all, err := exercise.Load(pristine.FS())
	if err != nil {
		return nil, err
	}
	return &grade.Grader{
		Builder:   build.Builder{Toolchain: tools, Kit: root, Labhost: labhost},
		Pristine:  pristine.FS(),
		Exercises: all,
		Lab:       netns.Maker(netns.Config{Labhost: labhost}),
	}, nil
}

// once grades the references like a submission. The recordings stay where an
// outcome is none to be expected.
func once(ctx context.Context, g *grade.Grader, picked []exercise.Manifest, seed uint64, reports string) (check.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	one := *g
	one.Seed = seed
	one.Reports = filepath.Join(reports, strconv.FormatUint(seed, 10))
	r := one.Submission(ctx, filepath.Join(g.Builder.Kit, "solutions"), picked)
	if r.Status == check.Pass {
		return r, os.RemoveAll(one.Reports)
	}
	return r, nil
}
