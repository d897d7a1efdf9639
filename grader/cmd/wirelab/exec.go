package main

import (
	"context"
	"errors"
)

// execCommand runs one command.
type execCommand struct {
	Command []string `arg:"" optional:"" passthrough:"partial" help:"The command and its arguments, after --."`
}

// Run runs the command and exits with its status.
func (k execCommand) Run(ctx context.Context) error {
	command := k.Command
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return usageError{errors.New("lab exec needs a command, as in `wirelab lab exec -- nmap -sT 10.77.0.10`")}
	}
	return inLab(ctx, command)
}
