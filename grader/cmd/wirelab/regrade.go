package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wirelab/grader/check"
	"wirelab/grader/class"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/report"
)

// replayCommand repeats a student's run.
type replayCommand struct {
	labFlag
	Student string `arg:"" help:"A student's folder of results: GRADES/alice."`
	Check   string `arg:"" optional:"" help:"One check (06_probe/silent-is-filtered), or one exercise; all of them otherwise."`
}

// Run repeats the run, prints its report, and compares it with the record: exit
// status 1 where the outcome is another.
func (k *replayCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, _, err := exercises(nil)
	if err != nil {
		return err
	}
	record, before, err := class.Load(k.Student)
	if err != nil {
		return usageError{fmt.Errorf("%w; name a student's folder, such as GRADES/alice", err)}
	}
	picked, checks, err := k.which(all, record)
	if err != nil {
		return err
	}
	f := labFlags{labFlag: k.labFlag, Seed: &record.Seed}
	if f.Lab == labAuto && record.Lab != "" {
		f.Lab = record.Lab
	}
	g, l, err := newGrader(ctx, f, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	g.Checks = checks
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr))
	g.Progress = progress.Step
	after, err := class.Replay(ctx, g, k.Student, picked)
	progress.Done()
	var nothing *class.ProblemError
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case errors.As(err, &nothing), errors.Is(err, class.ErrResults):
		return usageError{err}
	case err != nil:
		return err
	}
	return k.compare(c, g, record, before, after)
}

// which picks the exercises and the checks to repeat.
func (k *replayCommand) which(all []exercise.Manifest, record class.Record) ([]exercise.Manifest, []string, error) {
	names := record.Exercises
	var checks []string
	if k.Check != "" {
		name, id, _ := strings.Cut(k.Check, "/")
		m, err := exercise.Find(all, name)
		if err != nil {
			return nil, nil, err
		}
		if _, ok := m.Check(id); id != "" && !ok {
			return nil, nil, usageError{fmt.Errorf("%s has no check %q; its report lists them", m.ID, id)}
		}
		names = []string{m.ID}
		if id != "" {
			checks = []string{id}
		}
	}
	_, _, picked, err := exercises(names)
	return picked, checks, err
}

// compare prints the report, and what differs from the record.
func (k *replayCommand) compare(c console, g *grade.Grader, record class.Record, before, after check.Report) error {
	terminal := report.IsTerminal(os.Stdout)
	err := report.Text(c.out, after, report.Options{Color: report.WantColor(terminal, os.Getenv), ReportsDir: k.Student})
	if err != nil {
		return err
	}
	changes := class.Compare(record.Student, before, after)
	if len(changes) == 0 {
		fmt.Fprintf(c.out, "\nthe same outcome as recorded on %s\n", record.Graded.Format("2006-01-02 15:04 UTC"))
		return nil
	}
	fmt.Fprintf(c.out, "\nother than recorded on %s:\n", record.Graded.Format("2006-01-02 15:04 UTC"))
	printChanges(c.out, changes)
	if kit, err := g.KitDigest(); err == nil && kit != record.Kit {
		fmt.Fprintln(c.out, "the kit has changed since; `wirelab regrade` puts the new outcomes in the place of the old")
	}
	return exitStatus(statusFailed)
}

// printChanges prints a line for each check that came out differently.
func printChanges(w io.Writer, changes []class.Change) {
	for _, ch := range changes {
		what := ch.Exercise
		if ch.Check != "" {
			what += "/" + ch.Check
		}
		fmt.Fprintf(w, "  %s  %s: %s, was %s (%+d points)\n", class.Names([]string{ch.Student}), what, ch.After, cmp.Or(string(ch.Before), "not graded"), ch.Points)
	}
}

// regradeCommand grades again what was graded, after a change of the kit.
type regradeCommand struct {
	labFlag
	Grades string `arg:"" help:"The folder that wirelab grade wrote."`
	courseFlags
	Only []string `placeholder:"EX" help:"This exercise alone (may be repeated)."`
}

// Run grades again and says who gains and who loses what.
func (k *regradeCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, picked, err := exercises(k.Only)
	if err != nil {
		return err
	}
	roster, course, err := k.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(k.Grades); errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("there is no folder %s", k.Grades)}
	}
	unlock, err := class.Lock(k.Grades)
	if err != nil {
		return usageError{err}
	}
	defer unlock()
	students, err := class.Students(k.Grades)
	if err != nil {
		return usageError{err}
	}
	g, l, err := newGrader(ctx, labFlags{labFlag: k.labFlag, Seed: new(uint64)}, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	kit, err := g.KitDigest()
	if err != nil {
		return err
	}
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr))
	defer progress.Done()
	var rows []class.Row
	var changes []class.Change
	for i, student := range students {
		progress.Step(i, len(students), student)
		row, changed, err := class.Regrade(ctx, g, kit, filepath.Join(k.Grades, student), picked)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted after %d of %d; run the same command again", i, len(students))
		}
		if err != nil {
			return err
		}
		rows, changes = append(rows, row), append(changes, changed...)
	}
	progress.Done()
	printChanges(c.out, changes)
	fmt.Fprintf(c.out, "%d graded again; %d checks came out differently\n", len(rows), len(changes))
	return publish(k.Grades, rows, roster, course)
}
