package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build"
	"wirelab/grader/pristine"
	"wirelab/labenv/labhost/binary"
)

// TestMain makes this test program the command wirelab of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(built{m}, map[string]func(){"wirelab": main})
}

// built runs the tests once the rest of the kit is built.
type built struct{ *testing.M }

// Run does for the scripts' wirelab what `make build` does for the learner's.
func (b built) Run() int {
	if err := makeBuild(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return b.M.Run()
}

// makeBuild puts labhost beside wirelab, and what drivers import into the
// build cache.
func makeBuild(ctx context.Context) error {
	wirelab, err := exec.LookPath("wirelab")
	if err != nil {
		return err
	}
	if _, err := binary.Build(ctx, filepath.Dir(wirelab)); err != nil {
		return err
	}
	warm := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "wirelab/grader/drivers/warm")
	warm.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := warm.CombinedOutput(); err != nil {
		return fmt.Errorf("fill the build cache: %w\n%s", err, out)
	}
	return nil
}

// TestScripts runs the command line as people do: see testdata/script.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

// runScripts runs the scripts of a folder.
func runScripts(t *testing.T, dir string) {
	t.Helper()
	tools, err := build.FindToolchain(t.Context())
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GOCACHE", tools.Cache)
			e.Setenv("GOMODCACHE", tools.ModCache)
			// Modules are in the cache, and the tests need no network.
			e.Setenv("GOPROXY", "off")
			// The tests of a copied kit are compiled once for all copies, with the
			// flags that the kit itself is built and tested with.
			e.Setenv("GOFLAGS", "-trimpath")
			e.Setenv("CGO_ENABLED", "0")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"kit":    kitCommand,
			"exits":  exitsCommand,
			"typed":  typedCommand,
			"needs":  needsCommand,
			"report": reportCommand,
			"twins":  twinsCommand,
		},
	})
}

// kitCommand makes a fresh kit in the folder kit, and changes into it. Scripts
// may change its files. It takes names of exercises whose reference solution
// is put in the place of the stub.
func kitCommand(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs("kit")
	ts.Check(copyKit(dir))
	for _, id := range args {
		ts.Check(solve(dir, id))
	}
	ts.Check(ts.Chdir(dir))
}

// copyKit copies as much of the kit as a learner's commands need, with the
// exercises as shipped.
func copyKit(dir string) error {
	root, err := binary.Root()
	if err != nil {
		return err
	}
	for _, part := range []string{"solutions", "grader/drivers", "labenv"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))); err != nil {
			return err
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			return err
		}
	}
	return os.CopyFS(filepath.Join(dir, "exercises"), pristine.FS())
}

// solve puts the reference of an exercise into the kit at dir.
func solve(dir, id string) error {
	from := filepath.Join(dir, "solutions", id)
	names, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "exercises", id, filepath.Base(name)), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// exitsCommand runs a command and holds its exit status: exits 2 wirelab hint.
func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARGUMENT...]")
	}
	holdStatus(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// typedCommand runs a command on a terminal of its own, types a file there,
// holds the command's exit status, and gives what the terminal showed as the
// step's stdout: typed keys 0 sh script. testscript's ttyin closes the terminal
// as soon as the command ends, and may lose its last words.
func typedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: typed FILE STATUS COMMAND [ARGUMENT...]")
	}
	path := ts.Getenv("PATH")
	name, err := lookIn(path, args[2])
	ts.Check(err)
	cmd := exec.Command(name, args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, key := range []string{"ENV", "GOCACHE", "GOFLAGS", "GOMODCACHE", "GOPROXY", "HOME", "NO_COLOR", "PS1", "SHELL", "TERM", "TMPDIR"} {
		cmd.Env = append(cmd.Env, key+"="+ts.Getenv(key))
	}
	cmd.Env = append(cmd.Env, "PATH="+path, "PWD="+cmd.Dir)
	terminal, err := pty.Start(cmd)
	ts.Check(err)
	defer func() { _ = terminal.Close() }()
	_, err = io.WriteString(terminal, ts.ReadFile(args[0]))
	ts.Check(err)
	// The end is EIO, once nobody has the terminal open any more (pty(7)).
	if _, err = io.Copy(ts.Stdout(), terminal); !errors.Is(err, syscall.EIO) {
		ts.Fatalf("the terminal ended with %v, not EIO", err)
	}
	holdStatus(ts, args[1], cmd.Wait())
}

// lookIn finds a program on a PATH that is not this process's.
func lookIn(path, name string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// holdStatus holds what a command's end says of its exit status.
func holdStatus(ts *testscript.TestScript, want string, err error) {
	got := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != want {
		ts.Fatalf("exit status %d, not %s", got, want)
	}
}

// needsCommand fails a script that cannot run for want of a program.
func needsCommand(ts *testscript.TestScript, _ bool, args []string) {
	for _, tool := range args {
		if _, err := exec.LookPath(tool); err != nil {
			ts.Fatalf("this test needs %s: install it, as with `apt-get install %s`", tool, strings.Join(args, " "))
		}
	}
}
