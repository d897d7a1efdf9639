// Generate writes grader/pristine/exercises.txtar from the exercises folder.
// Run it in the kit's root folder after a change to the exercises:
//
//	go run ./grader/pristine/generate
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"wirelab/grader/pristine"
)

func main() {
	kit := flag.String("kit", ".", "the kit's root `folder`")
	flag.Parse()
	if err := generate(*kit); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}

func generate(kit string) error {
	data, err := pristine.Pack(os.DirFS(filepath.Join(kit, "exercises")))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w\nrun it in the kit's root folder, or name that with -kit", err)
	}
	if err != nil {
		return err
	}
	return replace(filepath.Join(kit, "grader", "pristine", "exercises.txtar"), data)
}

// replace writes a file under a temporary name and renames it, so that a run
// that is cut short leaves the old file whole.
func replace(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".exercises-*.txtar")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
