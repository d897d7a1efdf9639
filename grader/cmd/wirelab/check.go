package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"wirelab/grader/check"
	"wirelab/grader/grade"
	"wirelab/grader/report"
)

// checkCommand grades exercises.
type checkCommand struct {
	labFlags
	Exercises []string `arg:"" optional:"" name:"exercise" help:"By folder (06_probe) or bare name (probe)."`
	From      string   `placeholder:"DIR" help:"Read the learner's files from DIR/06_probe and so on, in place of exercises/."`
	Format    string   `default:"text" enum:"text,json,junit,gradescope,exercism,github,markdown" help:"The report's form: ${enum}."`
	Visible   string   `name:"visibility" default:"visible" enum:"visible,hidden,after_due_date,after_published" help:"When Gradescope shows the tests to students: ${enum}."`
	Out       string   `placeholder:"DIR" help:"Write the report (report.json, report.html) and the recordings to DIR."`
}

// Run grades and prints the report.
func (k *checkCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, picked, err := exercises(k.Exercises)
	if err != nil {
		return err
	}
	g, l, err := newGrader(ctx, k.labFlags, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if g.Builder.Unconfined && k.From != "" {
		fmt.Fprintln(c.err, "wirelab: the compiler has no sandbox on this system: compile only what you trust")
	}
	dir, err := k.submission(g.Builder.Kit)
	if err != nil {
		return err
	}
	if g.Reports, err = k.reports(g.Builder.Kit); err != nil {
		return err
	}
	if err := k.unfinished(); err != nil {
		return err
	}
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr) && k.Format == "text")
	g.Progress = progress.Step
	r := g.Submission(ctx, dir, picked)
	progress.Done()
	if ctx.Err() != nil {
		_, err := grade.Sweep(g.Reports)
		return errors.Join(errInterrupted, err)
	}
	if r.Status == check.Error {
		// Not before, since it takes time that nearly every run can do without.
		if err := tryLab(ctx, g.Lab); err != nil {
			return err
		}
	}
	if err := k.print(c, r, g.Reports); err != nil {
		return err
	}
	if s := report.ExitStatus(r); s != statusPassed {
		return exitStatus(s)
	}
	return nil
}

// submission returns the folder of the learner's files, as the learner would
// type it.
func (k *checkCommand) submission(root string) (string, error) {
	if k.From == "" {
		return shorter(filepath.Join(root, "exercises")), nil
	}
	info, err := os.Stat(k.From)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", usageError{fmt.Errorf("--from %s: there is no such folder", k.From)}
	case err != nil:
		return "", usageError{fmt.Errorf("--from: %w", err)}
	case !info.IsDir():
		return "", usageError{fmt.Errorf("--from %s: this is no folder; name the one that holds the exercises' folders", k.From)}
	}
	return shorter(k.From), nil
}

// reports returns the folder for reports, made and swept of what killed runs
// left there.
func (k *checkCommand) reports(root string) (string, error) {
	dir := k.Out
	if dir == "" {
		dir = shorter(filepath.Join(root, "reports"))
	}
	if err := writable(dir); err != nil {
		return "", usageError{fmt.Errorf("the reports cannot be written: %w; choose another folder with --out DIR", err)}
	}
	if _, err := grade.Sweep(dir); err != nil {
		return "", fmt.Errorf("clear away what an earlier run left: %w", err)
	}
	return dir, nil
}

// writable makes a folder, and tells whether files can be put there, before
// anything that takes time.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// shorter returns a path relative to the working directory if it is below it.
func shorter(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if wd, err = filepath.EvalSymlinks(wd); err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return rel
}
