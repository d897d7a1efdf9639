package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/mutants"
	"wirelab/grader/pristine"
	"wirelab/grader/report"
)

// verifyCommand is the author's proof.
type verifyCommand struct {
	labFlags
	Exercises []string `arg:"" optional:"" name:"exercise" help:"By folder (06_probe) or bare name (probe)."`
	Mutant    []string `sep:"none" placeholder:"NAME" help:"Try only this mutant (may be repeated); that proves less, and quickly."`
}

// Run verifies the exercises and prints what it proved.
func (k *verifyCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, picked, err := exercises(k.Exercises)
	if err != nil {
		return err
	}
	if err := k.knownMutants(picked); err != nil {
		return err
	}
	if _, err := authorsKit(); err != nil {
		return err
	}
	g, l, err := newGrader(ctx, k.labFlags, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := tryLab(ctx, g.Lab); err != nil {
		return err
	}
	sound, err := upToDate(c, g)
	if err != nil {
		return err
	}
	status, err := k.prove(ctx, c, g, picked)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "lab %s · seed %d\n", g.LabKind, g.Seed)
	if !sound {
		status = max(status, statusFailed)
	}
	if status != statusPassed {
		return status
	}
	return nil
}

// knownMutants holds that each mutant asked for belongs to an exercise that is
// verified.
func (k *verifyCommand) knownMutants(picked []exercise.Manifest) error {
	known := map[string]bool{}
	for _, m := range picked {
		all, err := mutants.Load(m.ID)
		if err != nil {
			return err
		}
		for _, mu := range all {
			known[mu.Name] = true
		}
	}
	for _, name := range k.Mutant {
		if !known[name] {
			return usageError{fmt.Errorf("there is no mutant %q here; grader/mutants holds all of them", name)}
		}
	}
	return nil
}

// upToDate tells whether the kit's copy of the exercises is that of the folder.
func upToDate(c console, g *grade.Grader) (bool, error) {
	stale, err := pristine.Stale(os.DirFS(filepath.Join(g.Builder.Kit, "exercises")))
	if err != nil {
		return false, err
	}
	if len(stale) > 0 {
		fmt.Fprintf(c.out, "✗ the kit's copy of the exercises is out of date; `make pristine` renews it: %s\n", strings.Join(stale, ", "))
	}
	return len(stale) == 0, nil
}

// prove prints what holds of each exercise, and returns the exit status for it.
func (k *verifyCommand) prove(ctx context.Context, c console, g *grade.Grader, picked []exercise.Manifest) (exitStatus, error) {
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr))
	g.Progress, g.Mutants = progress.Step, k.Mutant
	status := exitStatus(statusPassed)
	for _, m := range picked {
		p, err := g.Verify(ctx, m)
		progress.Done()
		if ctx.Err() != nil {
			return statusBroken, errInterrupted
		}
		if err != nil {
			return statusBroken, fmt.Errorf("verify %s: %w", m.ID, err)
		}
		p.Problems = append(p.Problems, lesson(g, m)...)
		status = max(status, printProof(c, m, p))
	}
	return status, nil
}

// lesson holds the prose of an exercise against its manifest: the lesson names
// the exercise and its commands, and the contract is the reference's, too.
func lesson(g *grade.Grader, m exercise.Manifest) []string {
	var problems []string
	for _, pair := range [][2]string{{"exercises", "solutions"}} {
		a, errA := os.ReadFile(filepath.Join(g.Builder.Kit, pair[0], m.ID, "contract.go"))
		b, errB := os.ReadFile(filepath.Join(g.Builder.Kit, pair[1], m.ID, "contract.go"))
		if err := errors.Join(errA, errB); err != nil {
			problems = append(problems, err.Error())
		} else if string(a) != string(b) {
			problems = append(problems, "the contracts in exercises/ and solutions/ differ")
		}
	}
	text, err := os.ReadFile(filepath.Join(g.Builder.Kit, "exercises", m.ID, "README.md"))
	if err != nil {
		return append(problems, err.Error())
	}
	words := strings.Join(strings.Fields(string(text)), " ") // commands may be set in columns
	for _, want := range []string{m.File, "make check EX=" + m.ID, "make hint EX=" + m.ID} {
		if !strings.Contains(words, want) {
			problems = append(problems, fmt.Sprintf("the lesson does not mention %q", want))
		}
	}
	return problems
}

// printProof prints one exercise's proof and returns the exit status for it.
func printProof(c console, m exercise.Manifest, p grade.Proof) exitStatus {
	if len(p.Problems) == 0 {
		fmt.Fprintf(c.out, "✓ %s: the stub runs and fails, the reference earns all %d points, mutants caught: %d\n", m.ID, m.MaxPoints(), len(p.Mutants))
		return statusPassed
	}
	mark, status := "✗", exitStatus(statusFailed)
	if p.Broken {
		mark, status = "!", statusBroken
	}
	fmt.Fprintf(c.out, "%s %s\n", mark, m.ID)
	for _, s := range p.Problems {
		fmt.Fprintf(c.out, "  - %s\n", s)
	}
	if p.Broken {
		fmt.Fprintln(c.out, "  The kit or the lab failed on the way: run it again before you change the exercise.")
	}
	return status
}
