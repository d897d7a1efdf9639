package main

import (
	"context"
	"fmt"
	"path/filepath"

	"wirelab/grader/grade"
)

// gcCommand clears away what killed runs left.
type gcCommand struct{ labFlag }

// Run sweeps unfinished recordings, and labs whose kit is gone. The kernel ends
// such labs by itself; that this finds none is the normal case.
func (k gcCommand) Run(ctx context.Context, c console) error {
	containers := 0
	if k.Lab == labDocker {
		var err error
		if containers, err = sweepContainers(ctx); err != nil {
			return err
		}
		if containers > 0 {
			fmt.Fprintf(c.out, "removed %d containers\n", containers)
		}
	}
	root, err := kitRoot()
	if err != nil {
		return err
	}
	swept, err := grade.Sweep(filepath.Join(root, "reports"))
	if err != nil {
		return fmt.Errorf("clear away recordings: %w", err)
	}
	for _, dir := range swept {
		fmt.Fprintln(c.out, "removed", shorter(dir))
	}
	ended, err := endOrphans(c)
	if err != nil {
		return err
	}
	if len(swept)+ended+containers == 0 {
		fmt.Fprintln(c.out, "nothing was left behind")
	}
	return nil
}
