package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"wirelab/grader/class"
	"wirelab/grader/report"
)

// gradeCommand grades a class.
type gradeCommand struct {
	labFlag
	Submissions string   `arg:"" help:"The folder that holds a folder or an archive (.zip, .tar.gz, .tgz, .tar) for each student."`
	Exercises   []string `arg:"" optional:"" name:"exercise" help:"By folder (06_probe) or bare name (probe)."`
	Out         string   `required:"" placeholder:"GRADES" help:"Where the results go: a folder for each student, and grades.csv."`
	courseFlags
	Jobs    uint64 `placeholder:"N" help:"Submissions graded at once. One for each processor otherwise."`
	Key     string `placeholder:"FILE" help:"The course key, from which each student's labs are drawn. GRADES/course.key otherwise, made where there is none."`
	Regrade bool   `help:"Grade again also what was graded before."`
}

// Run grades, and prints a line for each student who needs looking at.
func (k *gradeCommand) Run(ctx context.Context, c console) (err error) {
	shipped, all, picked, err := exercises(k.Exercises)
	if err != nil {
		return err
	}
	entries, ignored, err := class.Find(k.Submissions)
	if err != nil {
		return usageError{err}
	}
	roster, course, err := k.load()
	if err != nil {
		return err
	}
	if err := apart(k.Submissions, k.Out); err != nil {
		return err
	}
	if err := writable(k.Out); err != nil {
		return usageError{fmt.Errorf("the results cannot be written: %w; choose another folder with --out", err)}
	}
	key, err := class.LoadKey(k.keyFile())
	if err != nil {
		return usageError{err}
	}
	g, l, err := newGrader(ctx, labFlags{labFlag: k.labFlag, Seed: new(uint64)}, shipped, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if g.Builder.Unconfined {
		fmt.Fprintln(c.err, "wirelab: the compiler has no sandbox on this system: compile only what you trust")
	}
	if err := tryLab(ctx, g.Lab); err != nil {
		return err
	}
	kit, err := g.KitDigest()
	if err != nil {
		return err
	}
	if len(ignored) > 0 {
		fmt.Fprintf(c.err, "wirelab: neither folders nor archives, and ignored: %s\n", class.Names(ignored))
	}
	p := &classProgress{start: time.Now(), line: report.NewProgress(c.err, report.IsTerminal(os.Stderr))}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(eager) // a class may be large; the time goes to labs and compilers
	}
	run := class.Class{
		Grader: g, Exercises: picked, Kit: kit, Key: key, Out: k.Out, Jobs: int(min(k.Jobs, maxJobs)),
		Again: k.Regrade, Done: p.done,
	}
	rows, err := run.Run(ctx, entries)
	p.line.Done()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d; what is graded is in %s, and the same command goes on from there", p.seen, len(entries), k.Out)
	case errors.Is(err, class.ErrOut):
		return usageError{err}
	case err != nil:
		return err
	}
	return k.finish(c, rows, roster, course, p)
}

const (
	maxJobs = 1024
	// eager is by how many percent memory may grow before it is looked through.
	eager = 25
)

// keyFile is where the course key is.
func (k *gradeCommand) keyFile() string {
	if k.Key != "" {
		return k.Key
	}
	return filepath.Join(k.Out, class.KeyName)
}

// apart refuses results among the submissions: they would be graded next time.
func apart(submissions, out string) error {
	in, err := filepath.Abs(submissions)
	if err != nil {
		return err
	}
	to, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(in, to); err == nil && filepath.IsLocal(rel) {
		return usageError{fmt.Errorf("--out %s lies in the folder of submissions; choose a folder beside it", out)}
	}
	return nil
}

// finish writes the gradebook, and says what there is to know. What the kit
// failed on is no zero, and makes the exit status 3.
func (k *gradeCommand) finish(c console, rows []class.Row, roster []class.Person, course class.Course, p *classProgress) error {
	if err := publish(k.Out, rows, roster, course); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d graded: %s\n", len(rows), class.Statuses(rows))
	if kept := len(rows) - p.fresh; kept > 0 {
		fmt.Fprintf(c.out, "%d of them had been graded before, and are as they were\n", kept)
	}
	faults := 0
	for _, r := range rows {
		if note := r.Note(); note != "" {
			fmt.Fprintf(c.out, "  %s: %s\n", class.Names([]string{r.Student}), note)
		}
		if r.Fault {
			faults++
		}
	}
	fmt.Fprintf(c.out, "the marks are in %s, and %s shows them\n", filepath.Join(k.Out, class.GradebookName), filepath.Join(k.Out, class.PageName))
	if faults > 0 {
		return fmt.Errorf("the kit failed on %d of %d, which have no marks; run the same command again, and it grades those", faults, len(rows))
	}
	return nil
}

// classProgress shows how far a class is.
type classProgress struct {
	line  *report.Progress
	start time.Time
	seen  int
	fresh int // graded in this run
}

// done shows one more student, the rate and the time left. It is called by one
// goroutine at a time.
func (p *classProgress) done(row class.Row, done, all int, fresh bool) {
	p.seen = done
	if fresh {
		p.fresh++
	}
	var parts []string
	if took := time.Since(p.start); p.fresh > 0 {
		each := took / time.Duration(p.fresh)
		parts = append(parts, fmt.Sprintf("%.1f a minute", time.Minute.Seconds()/each.Seconds()),
			fmt.Sprintf("%v left", (each*time.Duration(all-done)).Round(time.Second)))
	}
	p.line.Step(done, all, strings.Join(append(parts, row.Student), " · "))
}
