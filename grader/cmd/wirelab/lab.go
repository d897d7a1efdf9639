package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"wirelab/labenv"
)

// labCommands look after labs.
type labCommands struct {
	Shell  shellCommand  `cmd:"" help:"Open a shell in the practice lab's seat."`
	Exec   execCommand   `cmd:"" help:"Run one command in the practice lab's seat."`
	Doctor doctorCommand `cmd:"" help:"Tell which labs work on this machine, and how to mend one that does not."`
	GC     gcCommand     `cmd:"" name:"gc" help:"Clear away what a killed run left."`
}

// findCommand looks a command up as a shell does, and returns its whole path.
func findCommand(name string) (string, error) {
	path, err := exec.LookPath(name)
	var lookup *exec.Error
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", usageError{fmt.Errorf("there is no command %q on PATH", name)}
	case errors.As(err, &lookup):
		return "", usageError{fmt.Errorf("%q cannot be run: %w", name, lookup.Err)}
	case err != nil:
		return "", usageError{fmt.Errorf("%q cannot be run: %w", name, err)}
	}
	return filepath.Abs(path)
}

// exitOf is the status that a shell would give.
func exitOf(e labenv.Exit) error {
	switch {
	case e.Signal != 0:
		return exitStatus(128 + e.Signal)
	case e.Code != 0:
		return exitStatus(e.Code)
	}
	return nil
}

// labEnvironment is the user's own with what the tools need to know: nmap may
// use raw sockets although the user is not root, and there is no module proxy.
func labEnvironment(env []string) []string {
	return append(env, "NMAP_PRIVILEGED=1", "GOPROXY=off", "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod="+modules()))
}

// downloadModules fetches what `go test` needs while there is a network. Where
// there is no kit or no go command, the lab is of use all the same.
func downloadModules(ctx context.Context) error {
	root, err := kitRoot()
	if err != nil {
		return nil //nolint:nilerr // nothing to download for
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil //nolint:nilerr // nothing to download with
	}
	if vendored(root) {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("download the modules that the exercises' tests use: %w\n%s", err, out)
	}
	return nil
}

// modules is where the go command takes modules from in the lab (go help
// modules), which has no network: from the module cache, or the kit itself.
func modules() string {
	if root, err := kitRoot(); err == nil && vendored(root) {
		return "vendor"
	}
	return "readonly"
}

// vendored tells whether a kit brings its modules along, as learners' kits do.
func vendored(root string) bool {
	_, err := os.Stat(filepath.Join(root, "vendor", "modules.txt"))
	return err == nil
}
