package main

import (
	"errors"
	"fmt"

	"wirelab/grader/scaffold"
)

// newCommand begins an exercise.
type newCommand struct {
	Name string `arg:"" help:"A new number and name: 19_demo."`
}

// Run writes the exercise and says what comes next.
func (k *newCommand) Run(c console) error {
	root, err := authorsKit()
	if err != nil {
		return err
	}
	files, err := scaffold.New(root, k.Name)
	if errors.Is(err, scaffold.ErrName) || errors.Is(err, scaffold.ErrTaken) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintln(c.out, " ", f)
	}
	fmt.Fprintf(c.out, "`make pristine verify EX=%s` proves it sound as it is; docs/authoring.md says how to go on from there\n", k.Name)
	return nil
}
