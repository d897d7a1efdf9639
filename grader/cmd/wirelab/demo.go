package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"wirelab/grader/demo"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/report"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// demoCommand shows a scan.
type demoCommand struct {
	labFlag
}

// Run has the reference scan the practice lab, and prints the verdicts with the
// packets behind them. What lies in exercises/ plays no part: the demo is the
// same before an exercise is begun, half-way, and afterwards.
func (k *demoCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, picked, err := exercises([]string{demo.Exercise})
	if err != nil {
		return err
	}
	g, l, err := newGrader(ctx, labFlags{labFlag: k.labFlag}, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr))
	g.Progress = progress.Step
	shown, err := scanPractice(ctx, g, picked[0])
	progress.Done()
	if err != nil {
		return err
	}
	fmt.Fprint(c.out, shown)
	if !shown.Sound() {
		return exitStatus(statusBroken)
	}
	return nil
}

// scanPractice has the reference of m scan a practice lab. It starts the lab
// before it compiles: where namespaces are forbidden, the compiler's sandbox may
// fail as well, and it is the lab's error that says what to do about it.
func scanPractice(ctx context.Context, g *grade.Grader, m exercise.Manifest) (shown demo.Demo, err error) {
	lab, err := g.Lab(ctx, plan.Practice())
	if err != nil {
		return demo.Demo{}, labError{err}
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	parts, err := g.References(m)
	if err != nil {
		return demo.Demo{}, err
	}
	g.Progress(0, 0, "compiling the reference")
	program, err := g.Program(ctx, m, parts, "solutions")
	if err != nil {
		return demo.Demo{}, fmt.Errorf("build the reference: %w", err)
	}
	defer program.Close()
	g.Progress(0, 0, "scanning the practice lab")
	return demo.Run(ctx, lab, labenv.Program{Exe: program, NetRaw: m.NetRaw})
}
