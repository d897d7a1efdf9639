package release

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wirelab/grader/pristine"
)

//go:embed kit
var given embed.FS

// trees are the folders that learners get as they are, but for tests of the kit's
// own. The labs of containers are compiled into the programs.
var trees = []string{"labenv", "grader/drivers"}

// leftOut are parts of these that need modules which learners have no use for.
var leftOut = []string{"labenv/docker", "labenv/compose", "labenv/seatshell"}

// files are single files that learners get.
var files = []string{"go.mod", "go.sum", "LICENSE", "CHANGELOG.md", "docs/report.md"}

// copy puts sources and lessons into the kit.
func (r *Release) copy(_ context.Context, kit string) error {
	if err := os.CopyFS(filepath.Join(kit, "exercises"), pristine.FS()); err != nil {
		return err
	}
	for _, tree := range trees {
		if err := r.copyTree(kit, tree); err != nil {
			return err
		}
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(r.src(), filepath.FromSlash(name)))
		if err == nil {
			err = put(filepath.Join(kit, filepath.FromSlash(name)), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return r.copyGiven(kit)
}

// copyTree copies a folder without the kit's own tests and their data.
func (r *Release) copyTree(kit, tree string) error {
	return filepath.WalkDir(filepath.Join(r.src(), filepath.FromSlash(tree)), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(r.src(), path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (slices.Contains(leftOut, name) || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(path) //nolint:gosec // the kit's own file
		if err != nil {
			return err
		}
		return put(filepath.Join(kit, rel), data, 0o644)
	})
}

var goLine = regexp.MustCompile(`(?m)^go ([0-9.]+)$`)

// copyGiven writes what only learners' kits have.
func (r *Release) copyGiven(kit string) error {
	mod, err := os.ReadFile(filepath.Join(kit, "go.mod")) //nolint:gosec // what was just written
	if err != nil {
		return err
	}
	version := goLine.FindSubmatch(mod)
	if version == nil {
		return errors.New("go.mod names no version of Go")
	}
	for from, to := range map[string]string{"Makefile": "Makefile", "README.md": "README.md", "wirelab.sh": "bin/wirelab", "wirelab.cmd": "bin/wirelab.cmd"} {
		data, err := given.ReadFile("kit/" + from)
		if err != nil {
			return err
		}
		data = bytes.ReplaceAll(data, []byte("GOVERSION"), version[1])
		if err := put(filepath.Join(kit, filepath.FromSlash(to)), data, modeOf(to)); err != nil {
			return err
		}
	}
	return put(filepath.Join(kit, ".gitignore"), []byte("/reports/\n/exercises/.kept/\n/submission.tar.gz\n"), 0o644)
}

// vendor puts the modules that learners need into the kit, so that it works
// without a network (go help vendor).
func (r *Release) vendor(ctx context.Context, kit string) error {
	if err := run(ctx, kit, []string{"GOFLAGS=-mod=mod"}, "go", "mod", "vendor"); err != nil {
		return err
	}
	// What is vendored is what the kit's source needs; this compiles all of it.
	return run(ctx, kit, []string{"GOOS=linux"}, "go", "build", "-trimpath", "-buildvcs=false", "./grader/drivers/...", "./labenv/labtest")
}

// withoutMutants makes an overlay for the go command in which mutants change
// nothing: only those that learners' tests meet are there, with their reasons.
func (r *Release) withoutMutants() (string, error) {
	root := filepath.Join(r.src(), "grader", "mutants")
	names, err := filepath.Glob(filepath.Join(root, "*", "*.toml"))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for i, name := range names {
		data, err := os.ReadFile(name) //nolint:gosec // the kit's own file
		if err != nil {
			return "", err
		}
		before, _, edits := bytes.Cut(data, []byte("[[edit]]"))
		if !edits {
			continue // it is like another
		}
		blank := filepath.Join(r.work, "mutants", strconv.Itoa(i)+".toml")
		text := string(before) + "[[edit]]\nfile = \"-\"\nold = \"left out\"\nnew = \"of learners' kits\"\n"
		if err := put(blank, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[name] = blank
	}
	if len(replace) == 0 {
		return "", errors.New("no mutant was found; the release would not know what to leave out")
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.work, "overlay.json")
	return path, put(path, data, 0o644)
}
