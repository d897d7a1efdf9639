// Package compose starts and ends the practice lab that docker-compose.yml
// describes, by way of the programs docker and docker-compose: whatever works
// for those who type these works for the kit. Labs for checks are made by
// other packages, faster, and with more between them and the host.
package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"wirelab/labenv"
)

// Project is the name under which the engine knows the practice lab.
const Project = "wirelab"

// file is the description, in the kit's root folder.
const file = "docker-compose.yml"

// ErrNotUp is matched by Shell's error where there is no seat to sit in.
var ErrNotUp = errors.New("the practice lab is not up: `make lab-up` starts it")

// Lab is the practice lab of one project, up or not.
type Lab struct {
	dir     string // the kit's root
	project string
	command []string // docker-compose, by whatever name
}

// Open finds the engine and Compose. dir is the kit's root folder. Errors match
// labenv.ErrUnavailable and say in a sentence what is missing.
func Open(ctx context.Context, dir, project string) (*Lab, error) {
	l := &Lab{dir: dir, project: project}
	if _, err := l.output(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, noEngine(err)
	}
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if _, err := l.output(ctx, append(command, "version")...); err == nil {
			l.command = command
			return l, nil
		}
	}
	return nil, fmt.Errorf("%w: neither `docker compose` nor `docker-compose` works; install one of them", labenv.ErrUnavailable)
}

// noEngine says why nothing can be started.
func noEngine(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: there is no container engine, for the program docker is not installed", labenv.ErrUnavailable)
	}
	return fmt.Errorf("%w: no container engine answers: start Docker and try again (%w)", labenv.ErrUnavailable, err)
}

// Up builds the images, starts the lab and waits until its hosts can be
// scanned. What is up already stays as it is. Where somebody else's network has
// the lab's addresses, the error matches ErrTaken and names that.
func (l *Lab) Up(ctx context.Context) error {
	if err := l.checkAddresses(ctx); err != nil {
		return err
	}
	// Containers that were stopped have said long ago that they are ready.
	if err := l.compose(ctx, "rm", "--force"); err != nil {
		return err
	}
	if err := l.compose(ctx, "up", "--detach", "--build", "--remove-orphans"); err != nil {
		return err
	}
	if err := l.reseat(ctx); err != nil {
		return err
	}
	return errors.Join(l.awaitReady(ctx, "target"), l.awaitReady(ctx, "neighbour"), l.awaitReady(ctx, "wire"))
}

// reseat gives the seat a new container where its network was the wire's of a
// container that is gone: docker-compose 1.29 does not see that.
func (l *Lab) reseat(ctx context.Context) error {
	wire, err := l.container(ctx, "wire", true)
	if err != nil {
		return err
	}
	seat, err := l.container(ctx, "seat", true)
	if err != nil {
		return err
	}
	mode, err := l.output(ctx, "docker", "inspect", "--format", "{{.HostConfig.NetworkMode}}", seat)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(mode)) == "container:"+wire {
		return nil
	}
	return l.compose(ctx, "up", "--detach", "--no-deps", "--force-recreate", "seat")
}

// stopTimeout is how many seconds a container may take to end by itself.
const stopTimeout = "5"

// Down ends the lab and removes its containers, its network and its images,
// with those that newer ones have replaced. Where there is none, that is fine.
func (l *Lab) Down(ctx context.Context) error {
	err := l.compose(ctx, "down", "--timeout", stopTimeout, "--remove-orphans", "--rmi", "local", "--volumes")
	if err != nil {
		return err
	}
	_, err = l.output(ctx, "docker", "image", "prune", "--force", "--filter", "label="+label)
	return err
}

// label is on all that the description makes.
const label = "wirelab.lab=compose"

// Stdio is what a shell reads and writes.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // In is one
}

// Status is the exit status of the seat's shell, where that is not 0.
type Status int

// Error says which.
func (s Status) Error() string { return fmt.Sprintf("the seat's shell ended with status %d", int(s)) }

// Shell runs the seat's shell with the arguments. Where that ends with another
// status than 0, the error is a Status.
func (l *Lab) Shell(ctx context.Context, std Stdio, args ...string) error {
	if _, err := l.container(ctx, "seat", false); err != nil {
		return err
	}
	how := []string{"exec"}
	if !std.Terminal {
		how = append(how, "-T")
	}
	how = append(how, "seat", "/seatshell")
	cmd := l.start(ctx, l.composeArgs(append(how, args...)...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.In, std.Out, std.Err
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return Status(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("the seat's shell: %w", err)
	}
	return nil
}

// composeArgs is a command line of Compose. What the user's environment says of
// projects and files is about other ones.
func (l *Lab) composeArgs(args ...string) []string {
	line := append([]string{}, l.command...)
	line = append(line, "--project-name", l.project, "--file", file)
	return append(line, args...)
}

// compose runs Compose, and says what it printed where it fails.
func (l *Lab) compose(ctx context.Context, args ...string) error {
	var said bytes.Buffer
	cmd := l.start(ctx, l.composeArgs(args...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", strings.Join(l.command, " "), args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// output runs a program and returns what it prints to standard output, with an
// error that tells what it printed to the other.
func (l *Lab) output(ctx context.Context, line ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := l.start(ctx, line...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("%s: %w: %s", line[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), nil
}

// grace is how long a program may take to end that was interrupted.
const grace = 10 * time.Second

// start prepares a program in the kit's root. At the end of ctx it is
// interrupted, so that Compose can tidy up, and killed only later.
func (l *Lab) start(ctx context.Context, line ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, line[0], line[1:]...) //nolint:gosec // docker, with arguments of the kit's own
	cmd.Dir = l.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	return cmd
}
