package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"

	"wirelab/grader/class"
	"wirelab/grader/exercise"
	"wirelab/grader/stage"
	"wirelab/grader/whole"
)

// takeCommand takes a learner's work over from an older kit.
type takeCommand struct {
	From string `arg:"" help:"The exercises folder of the older kit, or a file that wirelab pack made."`
}

// Run copies what was started there and was not started here. Nothing of the
// learner's is replaced, and the older kit stays as it is.
func (k *takeCommand) Run(c console) error {
	shipped, all, _, err := exercises(nil)
	if err != nil {
		return err
	}
	root, err := kitRoot()
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	taken, err := class.Take(k.From, ids)
	var problem *class.ProblemError
	switch {
	case errors.As(err, &problem), errors.Is(err, fs.ErrNotExist):
		return usageError{fmt.Errorf("%s: %w", k.From, err)}
	case err != nil:
		return err
	}
	here := filepath.Join(root, "exercises")
	for _, m := range all {
		files, err := started(shipped, m, taken.FS())
		if err != nil {
			return err
		}
		if len(files) == 0 {
			continue
		}
		if mine, err := stage.Read(m, shipped, filepath.Join(here, m.ID)); err != nil || !mine.Untouched {
			fmt.Fprintf(c.out, "%s has been started here, too, and is left as it is: `wirelab reset %s` first, if it is to be taken over\n", m.ID, m.ID)
			continue
		}
		for name, data := range files {
			if err := whole.Bytes(filepath.Join(here, m.ID, name), 0o644, data); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.out, "%s is taken over\n", m.ID)
	}
	return nil
}

// started returns the learner's own files of an exercise, by name; none where
// they are as shipped. Files that would be refused are theirs as well.
func started(shipped fs.FS, m exercise.Manifest, taken fs.FS) (map[string][]byte, error) {
	read, err := stage.ReadFS(m, shipped, taken, m.ID)
	if errors.Is(err, stage.ErrMissing) || err == nil && read.Untouched {
		return nil, nil
	}
	entries, err := fs.ReadDir(taken, m.ID)
	if err != nil {
		return nil, err
	}
	given := []string{"contract.go", "exercise.toml", "README.md"}
	files := map[string][]byte{}
	for _, e := range entries {
		if !e.Type().IsRegular() || slices.Contains(given, e.Name()) {
			continue
		}
		if files[e.Name()], err = fs.ReadFile(taken, path.Join(m.ID, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}
