// Package release makes the learner's kit from a commit: stubs, lessons, the lab,
// and prebuilt programs; no solutions, no hidden checks, no mutants. What is
// made is the same to the byte whenever it is made from one commit with one Go.
package release

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"wirelab/grader/build"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
)

// Target is a system and a processor that the kit has programs for.
type Target struct{ OS, Arch string }

// Targets are all of them.
var Targets = []Target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}

// String returns the name of the target's folder below bin.
func (t Target) String() string { return t.OS + "-" + t.Arch }

// Here is the target that is this machine.
func Here() Target { return Target{runtime.GOOS, runtime.GOARCH} }

// Release is one making of a kit.
type Release struct {
	Kit     string // the folder of the instructor's kit, which git knows
	Out     string // where the kit goes, as a folder and as a tar.gz
	Targets []Target
	// Progress is told what is being done; nil is fine.
	Progress func(done, total int, what string)

	work  string // a temporary folder
	steps int
}

// Made is what a release made.
type Made struct {
	Commit string
	Folder string // the kit
	Files  []string
}

// ErrRelease is matched where a kit cannot be made. The error says why.
var ErrRelease = errors.New("release")

// Make makes the kit of the commit that is checked out. What is not committed is
// left out. Errors match ErrRelease, or are the context's.
func (r *Release) Make(ctx context.Context) (made Made, err error) {
	if made.Commit, err = r.git(ctx, "rev-parse", "HEAD"); err != nil {
		return made, err
	}
	name := "wirelab-" + grade.Kit
	made.Folder = filepath.Join(r.Out, name)
	if _, err := os.Lstat(made.Folder); err == nil {
		return made, fmt.Errorf("%w: %s is there already; choose another folder with --out, or remove it", ErrRelease, made.Folder)
	}
	if err := os.MkdirAll(r.Out, 0o755); err != nil {
		return made, fmt.Errorf("%w: %w", ErrRelease, err)
	}
	if r.work, err = os.MkdirTemp(r.Out, ".release-*"); err != nil {
		return made, fmt.Errorf("%w: %w", ErrRelease, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.work)) }()
	kit := filepath.Join(r.work, name)
	for _, step := range []struct {
		what string
		do   func(context.Context, string) error
	}{
		{"taking the commit", r.source},
		{"copying what learners get", r.copy},
		{"collecting the modules", r.vendor},
		{"building the programs", r.programs},
		{"building what takes the place of solutions", r.shims},
	} {
		r.progress(step.what)
		if err := step.do(ctx, kit); err != nil {
			return made, fmt.Errorf("%w: %s: %w", ErrRelease, step.what, err)
		}
	}
	r.progress("packing")
	if made.Files, err = r.publish(kit, name); err != nil {
		return made, fmt.Errorf("%w: %w", ErrRelease, err)
	}
	return made, nil
}

func (r *Release) progress(what string) {
	if r.Progress != nil {
		r.Progress(r.steps, 6, what)
	}
	r.steps++
}

func (r *Release) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.Kit}, args...)...) //nolint:gosec // the kit's own folder
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: git %s: %w; the kit has to be a clone, with git installed", ErrRelease, args[0], because(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// because adds to an error what the command said.
func because(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}

// src is where the commit is unpacked.
func (r *Release) src() string { return filepath.Join(r.work, "src") }

// source unpacks the commit.
func (r *Release) source(ctx context.Context, _ string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", r.Kit, "archive", "--format=tar", "HEAD") //nolint:gosec // the kit's own folder
	out, err := cmd.Output()
	if err != nil {
		return because(err)
	}
	files := tar.NewReader(bytes.NewReader(out))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(files)
		if err == nil {
			err = put(filepath.Join(r.src(), filepath.FromSlash(h.Name)), data, h.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
}

func put(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, mode) //nolint:gosec // in a folder of the release's own
}

// run runs a command in a folder, with the settings that make what it makes the
// same everywhere. No network is asked.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the go command
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// programs builds wirelab for each target, and labhost beside each: it always
// runs on Linux, on the same processor.
func (r *Release) programs(ctx context.Context, kit string) error {
	overlay, err := r.withoutMutants()
	if err != nil {
		return err
	}
	for _, t := range r.Targets {
		dir := filepath.Join(kit, "bin", t.String())
		wirelab := filepath.Join(dir, "wirelab")
		if t.OS == "windows" {
			wirelab += ".exe"
		}
		build := func(system, out, pkg string, more ...string) error {
			args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}, more...)
			return run(ctx, r.src(), []string{"GOOS=" + system, "GOARCH=" + t.Arch}, "go", append(args, "-o", out, pkg)...)
		}
		err := errors.Join(
			build(t.OS, wirelab, "./grader/cmd/wirelab", "-tags=docker", "-overlay="+overlay),
			build("linux", filepath.Join(dir, "labhost"), "./labenv/labhost"),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// shims writes what grading needs of solutions and mutants, for each target.
func (r *Release) shims(ctx context.Context, kit string) error {
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return err
	}
	all, err := exercise.Load(pristine.FS())
	if err != nil {
		return err
	}
	src, err := filepath.EvalSymlinks(r.src())
	if err != nil {
		return err
	}
	for _, t := range r.Targets {
		dir := filepath.Join(kit, "bin", t.String())
		g := grade.Grader{
			Builder: build.Builder{
				// labhost is not looked for beside the shims of an earlier target
				Toolchain: tools, Kit: src, Labhost: filepath.Join(src, "bin", "labhost"), Arch: t.Arch, Unconfined: true,
			},
			Pristine: pristine.FS(), Exercises: all,
		}
		if err := g.Ship(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// executable are the files that are run, by base name.
var executable = []string{"wirelab", "labhost", grade.ScannersName, "wirelab.exe"}

func modeOf(name string) fs.FileMode {
	if slices.Contains(executable, filepath.Base(name)) {
		return 0o755
	}
	return 0o644
}
