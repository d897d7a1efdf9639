package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"wirelab/grader/class"
)

// courseFlags say what becomes of points.
type courseFlags struct {
	Roster string `placeholder:"FILE" help:"CSV with the columns student, name, id, email, canvas_id, section, submitted."`
	Course string `placeholder:"FILE" help:"TOML with title, deadline, late_days, penalty_percent, and marks changed by hand."`
}

// load reads the files that were named.
func (f courseFlags) load() (roster []class.Person, course class.Course, err error) {
	course.Title = "wirelab"
	if f.Roster != "" {
		if roster, err = class.LoadRoster(f.Roster); err != nil {
			return nil, course, usageError{err}
		}
	}
	if f.Course != "" {
		if course, err = class.LoadCourse(f.Course); err != nil {
			return nil, course, usageError{err}
		}
	}
	return roster, course, nil
}

// publish writes the gradebooks and the class page.
func publish(out string, rows []class.Row, roster []class.Person, course class.Course) error {
	marks, err := class.Marks(rows, roster, course)
	if err != nil {
		return usageError{err}
	}
	return class.Publish(out, course.Title, marks)
}

// gradebookCommand writes the gradebooks without grading.
type gradebookCommand struct {
	courseFlags
	Grades string `arg:"" help:"The folder that wirelab grade wrote."`
}

// Run writes the gradebooks.
func (k *gradebookCommand) Run(c console) error {
	roster, course, err := k.load()
	if err != nil {
		return err
	}
	rows, err := class.Rows(k.Grades)
	if errors.Is(err, class.ErrResults) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	unlock, err := class.Lock(k.Grades)
	if err != nil {
		return usageError{err}
	}
	defer unlock()
	if err := publish(k.Grades, rows, roster, course); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "the marks of %d students are in %s\n", len(rows), filepath.Join(k.Grades, class.GradebookName))
	return nil
}

// similarCommand lists submissions that resemble each other.
type similarCommand struct {
	Grades    string   `arg:"" help:"The folder that wirelab grade wrote."`
	Exercises []string `arg:"" optional:"" name:"exercise" help:"By folder (06_probe) or bare name (probe)."`
	Least     uint64   `default:"60" placeholder:"PERCENT" help:"List pairs that share at least this much of the smaller one's code (${default})."`
}

// Run prints a table for each exercise.
func (k *similarCommand) Run(c console) error {
	shipped, _, picked, err := exercises(k.Exercises)
	if err != nil {
		return err
	}
	if k.Least > 100 {
		return usageError{fmt.Errorf("--least: a share is at most 100 percent, not %d", k.Least)}
	}
	found := 0
	for _, m := range picked {
		pairs, err := class.Similar(k.Grades, shipped, m, float64(k.Least)/100)
		if errors.Is(err, class.ErrResults) {
			return usageError{err}
		}
		if err != nil {
			return err
		}
		for _, p := range pairs {
			fmt.Fprintf(c.out, "%s  %3.0f %%  %s\n", m.ID, 100*p.Share, class.Names([]string{p.A, p.B}))
		}
		found += len(pairs)
	}
	fmt.Fprintf(c.out, "%d pairs. Short solutions to one task are alike by nature: look, before you think anything of it\n", found)
	return nil
}
