//go:build !linux

package main

import (
	"context"
	"errors"
)

// inLab has no seat to run a command in.
func inLab(context.Context, []string) error {
	return usageError{errors.New("a shell in the lab's seat needs Linux; `make lab-up` and `make shell LAB=compose` give you one in containers")}
}
