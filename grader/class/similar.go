package class

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"wirelab/grader/exercise"
	"wirelab/grader/similar"
)

// Similar compares what students of the results in out handed in for one
// exercise, and returns the pairs that share at least least (0 to 1) of the
// smaller one's code. What was shipped does not count.
func Similar(out string, pristine fs.FS, m exercise.Manifest, least float64) ([]similar.Pair, error) {
	students, err := Students(out)
	if err != nil {
		return nil, err
	}
	given, err := goFiles(pristine, m.ID)
	if err != nil {
		return nil, fmt.Errorf("the kit's own exercise: %w", err)
	}
	of := map[string]similar.Prints{}
	for _, student := range students {
		taken, err := Take(filepath.Join(out, student, submissionName), []string{m.ID})
		var nothing *ProblemError
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, &nothing) {
			continue // nothing of theirs was taken
		}
		if err != nil {
			return nil, err
		}
		files, err := goFiles(taken.FS(), m.ID)
		if err != nil {
			return nil, err
		}
		of[student] = similar.Fingerprint(files)
	}
	return similar.Pairs(of, similar.Fingerprint(given), least), nil
}

// goFiles returns the ordinary Go files of a folder by their base names.
func goFiles(fsys fs.FS, dir string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".go" {
			continue
		}
		if files[e.Name()], err = fs.ReadFile(fsys, path.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}
