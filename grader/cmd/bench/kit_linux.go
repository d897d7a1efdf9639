package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"wirelab/grader/build"
	"wirelab/grader/exercise"
	"wirelab/grader/grade"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
)

// kit is the kit that is measured, as `make build` left it.
type kit struct {
	root    string
	wirelab string // the program
	builder build.Builder
	all     []exercise.Manifest
	scratch string // a temporary folder
}

// openKit finds the kit at or above the working directory.
func openKit(ctx context.Context, scratch string) (*kit, error) {
	root, err := binary.Root()
	if err != nil {
		return nil, err
	}
	k := &kit{root: root, wirelab: filepath.Join(root, "bin", "wirelab"), scratch: scratch}
	labhost := filepath.Join(root, "bin", "labhost")
	for _, program := range []string{k.wirelab, labhost} {
		if _, err := os.Stat(program); err != nil {
			return nil, fmt.Errorf("the kit is not built: run `make build` (%w)", err)
		}
	}
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return nil, err
	}
	if k.all, err = exercise.Load(pristine.FS()); err != nil {
		return nil, err
	}
	k.builder = build.Builder{Toolchain: tools, Kit: root, Labhost: labhost}
	return k, nil
}

// labs says how the kit makes labs.
func (k *kit) labs() netns.Config { return netns.Config{Labhost: k.builder.Labhost} }

// reference returns the files of an exercise's reference.
func (k *kit) reference(id string) (map[string][]byte, error) {
	return (&grade.Grader{Builder: k.builder, Exercises: k.all}).Reference(id)
}

// tree puts references in the exercises' place.
func (k *kit) tree(ids ...string) (stage.Tree, error) {
	var tree stage.Tree
	for _, id := range ids {
		files, err := k.reference(id)
		if err != nil {
			return tree, err
		}
		if err := tree.Place(pristine.FS(), k.root, id, files); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

// command is the kit's own command line.
func (k *kit) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.wirelab, args...) //nolint:gosec // the kit's own program
	cmd.Dir = k.root
	return cmd
}
