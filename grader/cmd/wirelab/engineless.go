//go:build !docker

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// This program knows no container engine: the client of one takes longer to
// compile than all the rest, and most learners never need it. A second build of
// the same source, with the tag docker, does; whoever asks for labs of
// containers is handed over to it.

// withEngine is that program's name; it lies beside this one.
const withEngine = "wirelab-docker"

// handOver becomes the program that knows engines, or ends with its status. It
// returns only an error.
func handOver() error {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", withEngine, err)
	}
	path := filepath.Join(filepath.Dir(self), withEngine)
	err = become(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usageError{errors.New("labs of containers need a part of the kit that is not built yet: `make build LAB=docker` builds it")}
	}
	return fmt.Errorf("start %s: %w", withEngine, err)
}

func openDocker(context.Context, string) (labs, error) { return labs{}, handOver() }

func dockerDiagnosis(_ context.Context, lab string) (diagnosis, error) {
	if lab == labDocker {
		return diagnosis{}, handOver()
	}
	return diagnosis{
		what: "labs in containers", lab: labDocker, found: "not asked for",
		remedy: "The checks give the same verdicts there. `make doctor LAB=docker` tells whether they work.",
	}, nil
}

func sweepContainers(context.Context) (int, error) { return 0, handOver() }
