//go:build !docker

package main

import (
	"errors"
	"os"
	"os/exec"
)

// become runs the program at path with the same arguments, and ends with its
// status: Windows cannot put one program in another's place.
func become(path string) error {
	cmd := exec.Command(path+".exe", os.Args[1:]...) //nolint:gosec // the kit's own program
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var failed *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &failed):
		return exitStatus(failed.ExitCode())
	case err != nil:
		return err
	}
	return exitStatus(statusPassed)
}
