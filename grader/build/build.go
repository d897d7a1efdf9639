// Package build turns a staged tree into a program: the learner's package and
// the exercise's driver in one static Linux executable. The compiler runs in a
// sandbox (package compile of labhost) where the system has one; what it says
// comes back in the learner's own file names.
package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wirelab/grader/stage"
	compiler "wirelab/labenv/labhost/compile"
	"wirelab/labenv/labhost/protocol"
)

// DefaultLimits bound one build. A build of every exercise needs about a tenth.
//
// What stops a submission that is made to keep the compiler busy is the limit
// on the CPU time of one process: the largest package there is takes some
// seconds, a learner's a fraction of one. Wall-clock time is no measure of a
// learner's code. Where the build cache is empty, and on a busy machine, it
// is mostly time for other packages, and for waiting.
var DefaultLimits = protocol.BuildLimits{Memory: 2 << 30, FileSize: 128 << 20, CPU: 60 * time.Second, Time: 180 * time.Second}

// ErrNoGo is matched where there is no go command to build with.
var ErrNoGo = errors.New("the go command is not on PATH: install Go 1.26 or later (https://go.dev/dl) and try again")

// CompileError is what the compiler, or the kit on its behalf, has against a
// learner's code.
type CompileError struct {
	// Output is the compiler's own words, with the learner's file names.
	Output string
}

// Error returns the compiler's words.
func (e *CompileError) Error() string { return e.Output }

// Toolchain is the go command and its folders, as `go env` tells them.
type Toolchain struct {
	GoRoot   string `json:"GOROOT"`
	ModCache string `json:"GOMODCACHE"`
	Cache    string `json:"GOCACHE"`
}

// FindToolchain asks the go command on PATH. Errors: ErrNoGo.
func FindToolchain(ctx context.Context) (Toolchain, error) {
	var t Toolchain
	path, err := exec.LookPath("go")
	if err != nil {
		return t, fmt.Errorf("%w (%w)", ErrNoGo, err)
	}
	out, err := exec.CommandContext(ctx, path, "env", "-json", "GOROOT", "GOMODCACHE", "GOCACHE").Output() //nolint:gosec // found on PATH
	if err != nil {
		return t, fmt.Errorf("go env: %w", err)
	}
	if err := json.Unmarshal(out, &t); err != nil {
		return t, fmt.Errorf("go env: %w", err)
	}
	for _, dir := range []*string{&t.GoRoot, &t.ModCache, &t.Cache} {
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return t, fmt.Errorf("go env: %w", err)
		}
		if *dir, err = filepath.EvalSymlinks(*dir); err != nil {
			return t, fmt.Errorf("go env: %w", err)
		}
	}
	return t, t.initialise()
}

// initialise gives the build cache the folders that the go command makes in
// one that it may write to, and insists on in any.
func (t Toolchain) initialise() error {
	for i := range 256 {
		if err := os.MkdirAll(filepath.Join(t.Cache, fmt.Sprintf("%02x", i)), 0o755); err != nil {
			return fmt.Errorf("the build cache: %w", err)
		}
	}
	return nil
}

// Builder builds programs of one kit.
type Builder struct {
	Toolchain Toolchain
	Kit       string // the kit's root folder, absolute and without symlinks
	Labhost   string // the path of the program labhost
	// Unconfined runs the compiler without its sandbox, as it has to be on
	// systems without namespaces. That is for people's own code: a stranger's
	// can make a compiler use up a machine.
	Unconfined bool
	// Arch is the processor that the program is for, as GOARCH has it; ""
	// means that of the kit.
	Arch string
	// Limits bound a build; the zero value means DefaultLimits.
	Limits protocol.BuildLimits
}

// Build compiles a command (a path such as "./grader/drivers/06_probe") with the
// tree in place. The program is an open file without a name, the
// caller's to close. A failure that is the code's own is a *CompileError; names
// rewrites the kit's file names in it to the learner's.
func (b Builder) Build(ctx context.Context, command string, tree stage.Tree, names func(string) string) (*os.File, error) {
	return b.build(ctx, protocol.BuildRequest{Package: command}, tree, names)
}

// BuildTest compiles a package's tests with the tree in place, as Build does a
// command.
func (b Builder) BuildTest(ctx context.Context, pkg string, tree stage.Tree, names func(string) string) (*os.File, error) {
	return b.build(ctx, protocol.BuildRequest{Package: pkg, Test: true}, tree, names)
}

func (b Builder) build(ctx context.Context, request protocol.BuildRequest, tree stage.Tree, names func(string) string) (*os.File, error) {
	limits := b.Limits
	if limits == (protocol.BuildLimits{}) {
		limits = DefaultLimits
	}
	compile := b.confined
	if b.Unconfined {
		compile = compiler.Unconfined
	}
	request.GoRoot, request.ModCache, request.BuildCache = b.Toolchain.GoRoot, b.Toolchain.ModCache, b.Toolchain.Cache
	request.Kit, request.Arch, request.Limits = b.Kit, b.Arch, limits
	request.Replace, request.Remove = tree.Replace, tree.Remove
	r, program, err := compile(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	if r.OK {
		return program, nil
	}
	why := explain(r, limits, names)
	if why == "" {
		return nil, errors.New("build: the go command ended without a word; the system may have run out of memory")
	}
	return nil, &CompileError{Output: why}
}

// explain says in plain words what the compiler has against the code.
func explain(r protocol.BuildReply, limits protocol.BuildLimits, names func(string) string) string {
	switch {
	case r.Memory:
		return fmt.Sprintf("compiling this took more than %d MiB of memory, and was stopped", limits.Memory>>20)
	case r.CPU:
		return fmt.Sprintf("compiling this kept the compiler busy for more than %v, and was stopped", limits.CPU)
	case r.Time:
		return fmt.Sprintf("compiling this took longer than %v, and was stopped", limits.Time)
	}
	var lines []string
	for line := range strings.Lines(r.Output) {
		if why, crashed := strings.CutPrefix(line, "fatal error: "); crashed {
			// The rest is the compiler's stack, which helps nobody.
			return "compiling this made the compiler itself crash: " + strings.TrimSpace(why)
		}
		if strings.HasPrefix(line, "# ") {
			continue // the name of a package, which the file names tell as well
		}
		lines = append(lines, names(filepath.ToSlash(line)))
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}
