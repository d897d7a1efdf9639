// Package binary finds the program labhost: beside the running program, where
// `make build` puts it, or, for tests, built from source.
package binary

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNotFound is matched by Find's error where there is no labhost.
var ErrNotFound = errors.New("the program labhost is missing; `make build` puts it beside wirelab")

// Find returns the path of the labhost beside the running program.
func Find() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	path := filepath.Join(filepath.Dir(self), "labhost")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return path, nil
}

// ErrNoKit is matched by the errors of Root and RootFrom.
var ErrNoKit = errors.New("this is not inside the wirelab kit: change into its folder and try again")

// Root returns the kit's root folder, at or above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoKit, err)
	}
	return RootFrom(dir)
}

// RootFrom returns the folder at or above dir whose go.mod names this module,
// without symbolic links.
func RootFrom(dir string) (string, error) {
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(data), module) {
			return filepath.EvalSymlinks(dir)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ErrNoKit
		}
		dir = parent
	}
}

const module = "module wirelab\n"

// Build builds labhost from source into dir and returns its path. Tests use
// it, so that they run what the tree says and not what was built last.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "labhost")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", path, "./labenv/labhost")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build labhost: %w\n%s", err, out)
	}
	return path, nil
}
