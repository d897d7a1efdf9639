// Package class grades many submissions: each with labs of its own, several at
// once, and in such a way that a run which was killed goes on where it was.
//
// Memory holds a submission or two for each job, and a row of numbers for each
// student; everything else is on disk.
package class

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/report"
)

// The files beside the students' folders.
const (
	GradebookName = "grades.csv"
	PageName      = "class.html"
	KeyName       = "course.key"
	lockName      = ".lock"
)

var reserved = []string{GradebookName, CanvasName, MoodleName, PageName, KeyName}

// ErrOut is matched where the results cannot be put into the folder asked for.
// The error says why.
var ErrOut = errors.New("the folder of results")

// Class is one run over all submissions.
type Class struct {
	// Grader is what every submission is graded with; Seed, Reports and
	// Progress are set for each.
	Grader    *grade.Grader
	Exercises []exercise.Manifest // those that are graded
	Kit       string              // SHA-256 of what decides outcomes besides the submission, in hex
	Key       Key
	Out       string // where the results go: a folder for each student
	Jobs      int    // submissions at once; 0: one for each processor
	Again     bool   // grade also what still stands
	// Done is told of each student whose results are there, of all of them;
	// nil is fine. fresh says that they come from this run.
	Done func(row Row, done, all int, fresh bool)
}

// Row is what is kept in memory of one student.
type Row struct {
	Student   string
	Status    check.Status
	Points    int
	MaxPoints int
	Fault     bool // the kit failed: the points say nothing
	Submitted time.Time
	SameAs    string // whose files are the same
	Problem   string // why nothing could be taken
	Exercises []Cell // in the order of the exercises
	Checks    []report.Outcome
}

// Cell is one exercise of a row.
type Cell struct {
	ID                string
	Status            check.Status
	Points, MaxPoints int
}

// job is one submission to be graded, with those that are the same byte for byte.
type job struct {
	entries []Entry
	record  Record // of the first
}

// Run grades the submissions and returns a row for each, in their order. What
// was graded before, and still stands, is not graded again. An error other than
// the context's means that results could not be read or written.
func (c *Class) Run(ctx context.Context, entries []Entry) ([]Row, error) {
	unlock, err := c.open(entries)
	if err != nil {
		return nil, err
	}
	defer unlock()
	jobs, err := c.plan(ctx, entries)
	if err != nil {
		return nil, err
	}
	r := &run{class: c, all: len(entries), rows: map[string]Row{}}
	r.work(ctx, jobs)
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var rows []Row
	for _, e := range entries {
		rows = append(rows, r.rows[e.Student])
	}
	return rows, nil
}

// open makes the folder of results ready, for this process alone.
func (c *Class) open(entries []Entry) (unlock func(), err error) {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOut, err)
	}
	if unlock, err = Lock(c.Out); err != nil {
		return nil, err
	}
	if err := c.foreign(entries); err != nil {
		unlock()
		return nil, fmt.Errorf("%w: %w", ErrOut, err)
	}
	return unlock, nil
}

// Lock takes a folder of results for this process alone, and clears away what
// a killed run left there. Errors match ErrOut. The end of the process unlocks
// it, however it comes.
func Lock(out string) (unlock func(), err error) {
	lock := flock.New(filepath.Join(out, lockName))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrOut, err)
	case !locked:
		return nil, fmt.Errorf("%w: another run is grading into %s; wait for its end, or choose another folder", ErrOut, out)
	}
	unlock = func() { _ = lock.Unlock() } // so does the end of the process
	if err := sweep(out); err != nil {
		unlock()
		return nil, fmt.Errorf("%w: %w", ErrOut, err)
	}
	return unlock, nil
}

// foreign tells of what lies where a student's results are to go and is none:
// nothing is replaced but results.
func (c *Class) foreign(entries []Entry) error {
	for _, e := range entries {
		dir := filepath.Join(c.Out, e.Student)
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, recordName)); err != nil {
			return fmt.Errorf("%s is there, and is not a student's results; choose another folder", dir)
		}
	}
	return nil
}

// ids are the exercises' ids.
func ids(exercises []exercise.Manifest) []string {
	var all []string
	for _, m := range exercises {
		all = append(all, m.ID)
	}
	return all
}

// plan reads every submission once, and puts those together that are the same.
// All that is kept of one is its digest.
func (c *Class) plan(ctx context.Context, entries []Entry) ([]job, error) {
	var jobs []job
	same := map[string]int{}
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		_, record, err := c.take(e)
		if err != nil {
			return nil, err
		}
		if i, ok := same[record.Submission]; ok && record.Problem == "" {
			e.modified = record.Submitted
			jobs[i].entries = append(jobs[i].entries, e)
			continue
		}
		same[record.Submission] = len(jobs)
		jobs = append(jobs, job{entries: []Entry{e}, record: record})
	}
	return jobs, nil
}

// take reads a submission, and makes the record of what is to be done with it.
// Exercises that are built on are taken along.
func (c *Class) take(e Entry) (Taken, Record, error) {
	record := Record{
		Version: 1, Student: e.Student, Source: filepath.Base(e.Path), Kit: c.Kit,
		Seed: c.Key.Seed(e.Student), Lab: c.Grader.LabKind, Exercises: ids(c.Exercises),
	}
	taken, err := Take(e.Path, ids(c.Grader.Exercises))
	var ours *ProblemError
	switch {
	case errors.As(err, &ours):
		record.Problem = ours.Text
	case err != nil:
		return taken, record, fmt.Errorf("read the submission of %s: %w", e.Student, err)
	default:
		record.Submission, record.Submitted = taken.Digest(), taken.Modified
	}
	return taken, record, nil
}

// run is a Run under way.
type run struct {
	class *Class
	all   int

	mu   sync.Mutex
	rows map[string]Row
	errs []error
}

// work does the jobs, several at once, and stops at the first error.
func (r *run) work(ctx context.Context, jobs []job) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan job)
	go func() {
		defer close(next)
		for _, j := range jobs {
			select {
			case next <- j:
			case <-ctx.Done():
				return
			}
		}
	}()
	workers := r.class.Jobs
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for j := range next {
				if err := r.job(ctx, j); err != nil && ctx.Err() == nil {
					r.fail(err)
					cancel()
				}
			}
		})
	}
	wait.Wait()
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

// job sees to the results of a submission, and gives them to all who have the
// same.
func (r *run) job(ctx context.Context, j job) error {
	first := j.entries[0]
	if err := r.results(ctx, first, j.record); err != nil {
		return err
	}
	for _, e := range j.entries[1:] {
		record := j.record
		record.Student, record.Source, record.SameAs, record.Submitted = e.Student, filepath.Base(e.Path), first.Student, e.modified
		if err := r.copy(ctx, first, e, record); err != nil {
			return err
		}
	}
	return nil
}

// standing takes results that still stand, and tells whether there are any.
func (r *run) standing(now Record) bool {
	if r.class.Again {
		return false
	}
	old, rep, err := Load(filepath.Join(r.class.Out, now.Student))
	if err != nil || !old.current(now) || old.SameAs != now.SameAs {
		return false
	}
	r.done(old, rep, false)
	return true
}

func (r *run) done(record Record, rep check.Report, fresh bool) {
	row := rowOf(record, rep)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[row.Student] = row
	if r.class.Done != nil {
		r.class.Done(row, len(r.rows), r.all, fresh)
	}
}

// results grades a submission unless its results still stand.
func (r *run) results(ctx context.Context, e Entry, record Record) error {
	if r.standing(record) {
		return nil
	}
	c := r.class
	taken, now, err := c.take(e)
	if err != nil {
		return err
	}
	record = now // it may have changed since
	temporary := filepath.Join(c.Out, unfinished+e.Student)
	defer os.RemoveAll(temporary)
	if err := errors.Join(os.RemoveAll(temporary), os.MkdirAll(temporary, 0o755)); err != nil {
		return fmt.Errorf("%w: %w", ErrOut, err)
	}
	rep := c.refused(record)
	if record.Problem == "" {
		rep = c.grade(ctx, &record, taken, temporary)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	record.Graded = time.Now().UTC().Truncate(time.Second)
	kept := &taken
	if record.Problem != "" {
		kept = nil
	}
	err = errors.Join(write(temporary, record, rep, kept), publish(temporary, filepath.Join(c.Out, e.Student)))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOut, err)
	}
	r.done(record, rep, true)
	return nil
}

// grade grades what was taken; where the kit fails, once more.
func (c *Class) grade(ctx context.Context, record *Record, taken Taken, reports string) check.Report {
	const attempts = 2
	g := *c.Grader
	g.Seed, g.Reports, g.Progress = record.Seed, reports, nil
	for {
		record.Attempts++
		r := g.Taken(ctx, record.Student, "exercises", taken.FS(), c.Exercises)
		record.Fault = r.Status == check.Error
		if !record.Fault || record.Attempts == attempts || ctx.Err() != nil {
			return r
		}
	}
}

// refused is the report on a submission of which nothing could be taken.
func (c *Class) refused(record Record) check.Report {
	r := check.Report{Version: 1, Kit: grade.Kit, Lab: record.Lab, Seed: record.Seed, Submission: check.Submission{ID: record.Student}}
	for _, m := range c.Exercises {
		r.Exercises = append(r.Exercises, check.Exercise{
			ID: m.ID, Title: m.Title, Status: check.Fail, MaxPoints: m.MaxPoints(),
			Headline: "nothing to grade", Message: record.Problem, Checks: []check.Result{},
		})
	}
	grade.Tally(&r)
	return r
}

// copy gives a student the results of one whose files are the same.
func (r *run) copy(ctx context.Context, from, to Entry, record Record) error {
	if r.standing(record) {
		return nil
	}
	out := r.class.Out
	temporary := filepath.Join(out, unfinished+to.Student)
	defer os.RemoveAll(temporary)
	if err := os.CopyFS(temporary, os.DirFS(filepath.Join(out, from.Student))); err != nil {
		return fmt.Errorf("%w: %w", ErrOut, err)
	}
	done, rep, err := Load(temporary)
	if err != nil {
		return err
	}
	if done.Submission != record.Submission { // it has changed since they were compared
		record.Seed, record.SameAs = r.class.Key.Seed(to.Student), ""
		return r.results(ctx, to, record)
	}
	record.Attempts, record.Fault, record.Graded = done.Attempts, done.Fault, done.Graded
	rep.Submission.ID = to.Student
	if err := errors.Join(write(temporary, record, rep, nil), publish(temporary, filepath.Join(out, to.Student))); err != nil {
		return fmt.Errorf("%w: %w", ErrOut, err)
	}
	r.done(record, rep, true)
	return nil
}

// rowOf is what a report says in numbers.
func rowOf(record Record, r check.Report) Row {
	row := Row{
		Student: record.Student, Status: r.Status, Points: r.Points, MaxPoints: r.MaxPoints,
		Submitted: record.Submitted, Fault: record.Fault, SameAs: record.SameAs, Problem: record.Problem,
	}
	for _, e := range r.Exercises {
		row.Exercises = append(row.Exercises, Cell{ID: e.ID, Status: e.Status, Points: e.Points, MaxPoints: e.MaxPoints})
		for _, c := range e.Checks {
			row.Checks = append(row.Checks, report.Outcome{Exercise: e.ID, Check: c.ID, Status: c.Status, DurationMS: c.DurationMS})
		}
	}
	return row
}

// Statuses counts the rows by status, in words for people: "3 pass, 1 fail".
func Statuses(rows []Row) string {
	counts := map[string]int{}
	for _, r := range rows {
		name := string(r.Status)
		if r.Fault {
			name = "fault of the kit"
		}
		counts[name]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(parts, ", ")
}
