//go:build unix && !docker

package main

import (
	"os"
	"syscall"
)

// become puts the program at path in this one's place (execve(2)), with the
// same arguments. It returns only an error.
func become(path string) error {
	return syscall.Exec(path, append([]string{path}, os.Args[1:]...), os.Environ()) //nolint:gosec // the kit's own program
}
