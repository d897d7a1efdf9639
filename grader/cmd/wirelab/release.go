package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"wirelab/grader/class"
	"wirelab/grader/release"
	"wirelab/grader/report"
)

// releaseCommand makes the learner's kit.
type releaseCommand struct {
	Out    string `required:"" placeholder:"DIR" help:"Where the kit goes: as a folder, as a tar.gz, and SHA256SUMS."`
	Here   bool   `help:"Programs for this machine's kind alone: for trying it."`
	Branch bool   `default:"true" negatable:"" help:"Also make the branch solutions, in this clone alone (--no-branch: do not)."`
}

// Run makes the kit and says where it is.
func (k *releaseCommand) Run(ctx context.Context, c console) error {
	root, err := authorsKit()
	if err != nil {
		return err
	}
	progress := report.NewProgress(c.err, report.IsTerminal(os.Stderr))
	r := release.Release{Kit: root, Out: k.Out, Targets: release.Targets, Progress: progress.Step}
	if k.Here {
		r.Targets = []release.Target{release.Here()}
	}
	made, err := r.Make(ctx)
	progress.Done()
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case errors.Is(err, release.ErrRelease):
		return usageError{err}
	case err != nil:
		return err
	}
	fmt.Fprintf(c.out, "the learner's kit of commit %.12s is in %s\n", made.Commit, class.Names(made.Files))
	if !k.Branch {
		return nil
	}
	commit, err := r.Branch(ctx)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintf(c.out, "the branch %s of this clone is at %.12s; nothing was pushed\n", release.BranchName, commit)
	return nil
}
