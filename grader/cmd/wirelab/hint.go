package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"wirelab/grader/exercise"
)

// hintCommand shows hints one after the other.
type hintCommand struct {
	Exercise string `arg:"" optional:"" help:"By folder (06_probe) or bare name (probe)."`
	All      bool   `help:"Show all hints at once."`
	Reset    bool   `help:"Begin again with the first."`
}

// Run shows the next hint, and remembers that it was shown.
func (k hintCommand) Run(c console) error {
	if k.Exercise == "" {
		return usageError{errors.New("hint needs an exercise, as in `wirelab hint probe`; `wirelab list` shows all of them")}
	}
	_, _, picked, err := exercises([]string{k.Exercise})
	if err != nil {
		return err
	}
	if k.All {
		printAllHints(c, picked[0])
		return nil
	}
	return k.next(c, picked[0])
}

// next shows the hint after the one that was shown last; the last one again
// where there are no more.
func (k hintCommand) next(c console, m exercise.Manifest) error {
	root, err := kitRoot()
	if err != nil {
		return err
	}
	path := filepath.Join(root, "reports", ".hints", m.ID)
	next := 0
	if !k.Reset {
		if next, err = shown(path); err != nil {
			return err
		}
	}
	next = min(next, len(m.Hints)-1)
	printHint(c, m, next)
	if next == len(m.Hints)-1 {
		fmt.Fprintf(c.out, "\nThat was the last one. The lesson is exercises/%s/README.md.\n", m.ID)
	}
	return remember(path, next+1)
}

func printAllHints(c console, m exercise.Manifest) {
	for i := range m.Hints {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		printHint(c, m, i)
	}
}

func printHint(c console, m exercise.Manifest, i int) {
	fmt.Fprintf(c.out, "%s, hint %d of %d\n\n%s\n", m.ID, i+1, len(m.Hints), indent(wrap(m.Hints[i], 76)))
}

// shown returns how many hints have been shown.
func shown(path string) (int, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the kit's own file
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("which hints were shown: %w", err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && n > 0 {
		return n, nil
	}
	return 0, nil // not what was written: begin again
}

func remember(path string, n int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("remember the hint: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(strconv.Itoa(n)+"\n"), 0o600); err != nil {
		return fmt.Errorf("remember the hint: %w", err)
	}
	return os.Rename(path+".new", path)
}
