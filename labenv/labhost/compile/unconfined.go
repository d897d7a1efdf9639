package compile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"wirelab/labenv/labhost/protocol"
)

// Unconfined serves one build without the sandbox, for systems that have none:
// the go command runs as it does when its user types it. Of the limits only
// that on time holds, so this is for people's own code. The program is an open
// file, the caller's to close; nothing else of the build is left.
func Unconfined(ctx context.Context, r protocol.BuildRequest) (reply protocol.BuildReply, program *os.File, err error) {
	dir, err := os.MkdirTemp("", "wirelab-build-*")
	if err != nil {
		return reply, nil, fmt.Errorf("a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := builder{
		BuildRequest: r,
		stage:        filepath.Join(dir, "stage"), home: filepath.Join(dir, "home"), output: filepath.Join(dir, "program"),
		watch: func(_ protocol.BuildLimits, _ *os.Process, done <-chan struct{}) excess { <-done; return excess{} },
		kill:  (*os.Process).Kill,
		extra: systemEnvironment(),
	}
	if err := os.MkdirAll(b.home, 0o700); err != nil {
		return reply, nil, fmt.Errorf("a folder to build in: %w", err)
	}
	reply, err = b.run(ctx)
	if err == nil {
		err = ctx.Err() // the build was given up, and took no time that was the code's
	}
	if err != nil || !reply.OK {
		return reply, nil, err
	}
	program, err = takeAway(b.output)
	return reply, program, err
}
