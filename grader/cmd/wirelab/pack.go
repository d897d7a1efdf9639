package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wirelab/grader/class"
	"wirelab/grader/exercise"
	"wirelab/grader/stage"
	"wirelab/grader/whole"
)

// packCommand makes one file of a learner's work.
type packCommand struct {
	Exercises []string `arg:"" optional:"" name:"exercise" help:"By folder (06_probe) or bare name (probe); all of them otherwise."`
	Out       string   `default:"submission.tar.gz" placeholder:"FILE" help:"The file to write (${default})."`
}

// Run packs what would be graded, and says of each exercise whether it would be.
func (k *packCommand) Run(c console) error {
	shipped, _, picked, err := exercises(k.Exercises)
	if err != nil {
		return err
	}
	root, err := kitRoot()
	if err != nil {
		return err
	}
	if info, err := os.Stat(k.Out); err == nil && !info.Mode().IsRegular() {
		return usageError{fmt.Errorf("--out %s: there is something else of that name", k.Out)}
	}
	var started []string
	for _, m := range picked {
		files, err := stage.Read(m, shipped, filepath.Join(root, "exercises", m.ID))
		var refused *stage.RefusedError
		switch {
		case errors.As(err, &refused):
			fmt.Fprintf(c.out, "%s would be refused:\n%s\n", m.ID, indent(refused.Error()))
		case errors.Is(err, stage.ErrMissing):
			fmt.Fprintf(c.out, "%s: %v\n", m.ID, err)
			continue
		case err != nil:
			return err
		case files.Untouched:
			continue
		}
		started = append(started, m.ID)
	}
	if len(started) == 0 {
		return usageError{errors.New("there is nothing to hand in: no exercise has been started")}
	}
	taken, err := class.Take(filepath.Join(root, "exercises"), started)
	var problem *class.ProblemError
	if errors.As(err, &problem) {
		return usageError{problem}
	}
	if err != nil {
		return err
	}
	if err := whole.Write(k.Out, 0o644, taken.Pack); err != nil {
		return usageError{err}
	}
	fmt.Fprintf(c.out, "%s holds %s: hand in this one file\n", k.Out, class.Names(started))
	return nil
}

// resetCommand puts the stub back.
type resetCommand struct {
	Exercise string `arg:"" help:"By folder (06_probe) or bare name (probe)."`
}

// Run keeps the learner's folder aside, and puts a fresh one in its place.
func (k *resetCommand) Run(c console) error {
	shipped, _, picked, err := exercises([]string{k.Exercise})
	if err != nil {
		return err
	}
	root, err := kitRoot()
	if err != nil {
		return err
	}
	kept, err := reset(filepath.Join(root, "exercises"), shipped, picked[0])
	if err != nil {
		return err
	}
	if kept == "" {
		fmt.Fprintf(c.out, "%s is as it was shipped: there is nothing to reset\n", picked[0].ID)
		return nil
	}
	fmt.Fprintf(c.out, "%s is as it was shipped again; what was there is in %s\n", picked[0].ID, shorter(kept))
	return nil
}

// reset returns where the folder that was there went; "" where it is as shipped
// already. Go passes over names that begin with a dot.
func reset(exercises string, shipped fs.FS, m exercise.Manifest) (string, error) {
	folder := filepath.Join(exercises, m.ID)
	files, err := stage.Read(m, shipped, folder)
	if err == nil && files.Untouched {
		return "", nil
	}
	fresh, err := os.MkdirTemp(exercises, ".fresh-*")
	if err != nil {
		return "", fmt.Errorf("reset: %w", err)
	}
	defer os.RemoveAll(fresh)
	sub, err := fs.Sub(shipped, m.ID)
	if err != nil {
		return "", fmt.Errorf("reset: %w", err)
	}
	if err := errors.Join(os.CopyFS(filepath.Join(fresh, m.ID), sub), os.Chmod(fresh, 0o755)); err != nil { //nolint:gosec // a folder of the kit's
		return "", fmt.Errorf("reset: %w", err)
	}
	kept := filepath.Join(exercises, ".kept", m.ID+"-"+time.Now().Format("2006-01-02-150405.000"))
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", fmt.Errorf("reset: %w", err)
	}
	if err := os.Rename(folder, kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reset: %w", err)
	}
	if err := os.Rename(filepath.Join(fresh, m.ID), folder); err != nil {
		return "", errors.Join(fmt.Errorf("reset: %w", err), os.Rename(kept, folder))
	}
	return kept, nil
}
