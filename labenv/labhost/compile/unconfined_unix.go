//go:build unix

package compile

import (
	"fmt"
	"os"
)

// takeAway opens a file and removes its name.
func takeAway(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the compiler left no program: %w", err)
	}
	return f, os.Remove(path)
}

// systemEnvironment is what programs of the system need in any environment.
func systemEnvironment() []string { return nil }
