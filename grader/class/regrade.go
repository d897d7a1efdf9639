package class

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
)

// Change is how one check of one student came out differently.
type Change struct {
	Student, Exercise, Check string
	Before, After            check.Status
	Points                   int // gained; negative where lost
}

// Students lists the students whose results are in out, sorted.
func Students(out string) ([]string, error) {
	records, err := filepath.Glob(filepath.Join(escapeGlob(out), "*", recordName))
	if err != nil {
		return nil, err
	}
	var students []string
	for _, r := range records {
		name := filepath.Base(filepath.Dir(r))
		if !strings.HasPrefix(name, ".") {
			students = append(students, name)
		}
	}
	slices.Sort(students)
	if len(students) == 0 {
		return nil, fmt.Errorf("%w are in %s; name the folder that `wirelab grade` wrote with --out", ErrResults, out)
	}
	return students, nil
}

// Rows returns the rows of all results in out, by student. Errors match
// ErrResults.
func Rows(out string) ([]Row, error) {
	students, err := Students(out)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, s := range students {
		record, r, err := Load(filepath.Join(out, s))
		if err != nil {
			return nil, err
		}
		rows = append(rows, rowOf(record, r))
	}
	return rows, nil
}

// escapeGlob makes a path a pattern that matches it alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Replay repeats the run that gave the results in dir, from the copy of the
// submission that lies there: the same files, seed and exercises. It runs the
// checks called in checks alone, with those that they need; none named, all. It
// changes nothing. Errors match ErrResults, or are *ProblemError where nothing
// could be taken from the submission.
func Replay(ctx context.Context, g *grade.Grader, dir string, only []exercise.Manifest) (check.Report, error) {
	record, _, err := Load(dir)
	if err != nil {
		return check.Report{}, err
	}
	if record.Problem != "" {
		return check.Report{}, problem("nothing was graded there, since %s", record.Problem)
	}
	taken, err := Take(filepath.Join(dir, submissionName), ids(g.Exercises))
	if err != nil {
		return check.Report{}, fmt.Errorf("%w: %w", ErrResults, err)
	}
	if taken.Digest() != record.Submission {
		return check.Report{}, fmt.Errorf("%w: %s is not what was graded", ErrResults, filepath.Join(dir, submissionName))
	}
	again := *g
	again.Seed = record.Seed
	return again.Taken(ctx, record.Student, "exercises", taken.FS(), only), nil
}

// Compare lists the checks that came out differently in after, which may have
// fewer exercises and fewer checks. What the kit could not judge, before or
// now, is listed as well: its points are not known.
func Compare(student string, before, after check.Report) []Change {
	var changes []Change
	for _, now := range after.Exercises {
		i := slices.IndexFunc(before.Exercises, func(e check.Exercise) bool { return e.ID == now.ID })
		if i < 0 {
			changes = append(changes, Change{Student: student, Exercise: now.ID, After: now.Status, Points: now.Points})
			continue
		}
		changes = append(changes, compareExercise(student, before.Exercises[i], now)...)
	}
	return changes
}

// compareExercise lists the checks that differ; where checks ran on one side
// only, the exercise as a whole.
func compareExercise(student string, before, now check.Exercise) []Change {
	if len(before.Checks) == 0 || len(now.Checks) == 0 {
		if before.Status == now.Status && before.Points == now.Points {
			return nil
		}
		return []Change{{Student: student, Exercise: now.ID, Before: before.Status, After: now.Status, Points: now.Points - before.Points}}
	}
	was := map[string]check.Result{}
	for _, c := range before.Checks {
		was[c.ID] = c
	}
	var changes []Change
	for _, c := range now.Checks {
		if old := was[c.ID]; old.Status != c.Status || old.Points != c.Points {
			changes = append(changes, Change{student, now.ID, c.ID, old.Status, c.Status, c.Points - old.Points})
		}
	}
	return changes
}

// Regrade grades exercises of a student's results again with the kit as it is
// now: the same files and the same seed. It replaces their outcomes in the
// results, leaves the others, and returns what changed and the new row.
// Errors match ErrResults.
func Regrade(ctx context.Context, g *grade.Grader, kit, dir string, only []exercise.Manifest) (Row, []Change, error) {
	record, before, err := Load(dir)
	if err != nil {
		return Row{}, nil, err
	}
	if record.Problem != "" {
		return rowOf(record, before), nil, nil
	}
	temporary := filepath.Join(filepath.Dir(dir), unfinished+filepath.Base(dir))
	defer os.RemoveAll(temporary)
	err = errors.Join(os.RemoveAll(temporary), os.CopyFS(temporary, os.DirFS(dir)))
	if err != nil {
		return Row{}, nil, fmt.Errorf("%w: %w", ErrOut, err)
	}
	here := *g
	here.Reports = temporary
	after, err := Replay(ctx, &here, temporary, only)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Row{}, nil, err
	}
	merged := merge(before, after)
	record.Fault = merged.Status == check.Error
	record.Graded = time.Now().UTC().Truncate(time.Second)
	if len(only) >= len(before.Exercises) {
		record.Kit = kit // all of it is this kit's now
	}
	if err := errors.Join(write(temporary, record, merged, nil), publish(temporary, dir)); err != nil {
		return Row{}, nil, fmt.Errorf("%w: %w", ErrOut, err)
	}
	return rowOf(record, merged), Compare(record.Student, before, after), nil
}

// merge puts the exercises of after in the place of before's.
func merge(before, after check.Report) check.Report {
	merged := before
	merged.Exercises = slices.Clone(before.Exercises)
	for _, e := range after.Exercises {
		i := slices.IndexFunc(merged.Exercises, func(old check.Exercise) bool { return old.ID == e.ID })
		if i >= 0 {
			merged.Exercises[i] = e
		}
	}
	grade.Tally(&merged)
	return merged
}
