package compose

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"wirelab/labenv/labhost/protocol"
)

// readyTimeout bounds how long a host may take from its container's start to
// its first answer. It takes a fraction of a second.
const readyTimeout = 60 * time.Second

// labels by which Compose finds its own.
const (
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
)

// container returns the id of a service's container. It runs, or it may
// have ended where that will do.
func (l *Lab) container(ctx context.Context, service string, ended bool) (string, error) {
	out, err := l.output(ctx, "docker", "ps", "--quiet", "--no-trunc", fmt.Sprintf("--all=%t", ended),
		"--filter", "label="+labelProject+"="+l.project, "--filter", "label="+labelService+"="+service)
	if err != nil {
		return "", err
	}
	newest, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	if len(newest) == 0 {
		return "", fmt.Errorf("%w (there is no %s)", ErrNotUp, service)
	}
	return string(newest), nil
}

// awaitReady waits until a host says that it is ready.
func (l *Lab) awaitReady(ctx context.Context, service string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	id, err := l.container(ctx, service, true)
	if err != nil {
		return err
	}
	said, err := l.readLog(ctx, id)
	if err != nil {
		return fmt.Errorf("the %s is not ready: %w\n%s", service, err, said)
	}
	return nil
}

// errEnded tells that a container printed all that it ever will.
var errEnded = errors.New("its container has ended")

// readLog follows what a container prints until it says that it is ready. It
// returns what was printed before.
func (l *Lab) readLog(ctx context.Context, id string) (said string, err error) {
	ctx, stop := context.WithCancel(ctx)
	log, w := io.Pipe()
	cmd := l.start(ctx, "docker", "logs", "--follow", id)
	cmd.Stdout, cmd.Stderr = w, w
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.CloseWithError(cmd.Run()) // nil is io.EOF
	}()
	defer func() { stop(); _ = log.Close(); <-ended }()
	var before strings.Builder
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), protocol.PracticeReady) {
			return before.String(), nil
		}
		fmt.Fprintln(&before, lines.Text())
	}
	if err := errors.Join(ctx.Err(), lines.Err()); err != nil {
		return before.String(), err
	}
	return before.String(), errEnded
}
