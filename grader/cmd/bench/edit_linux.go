package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wirelab/grader/checks"
	"wirelab/grader/stage"
)

const (
	editRounds = 11
	edited     = "06_probe"
	editedFile = "probe.go"
)

// edits measures what a learner waits for: from an edit of 06_probe to the
// verdicts, against a bare build of the same edit, turn by turn.
func (k *kit) edits(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	var whole, bare []time.Duration
	for i := range editRounds + 1 {
		step(i, editRounds+1, "edit, build, check")
		checked, err := k.checkEdit(ctx, i)
		if err != nil {
			return nil, err
		}
		built, err := k.buildEdit(ctx, i)
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first fills caches
			whole, bare = append(whole, checked), append(bare, built)
		}
	}
	wait := longestWait()
	above := median(whole) - median(bare) - wait
	how := fmt.Sprintf("%d edits; bare build %.2f s, the checks' own waiting %.2f s", editRounds, median(bare).Seconds(), wait.Seconds())
	return []figure{
		{what: "06_probe, edit to verdict", value: median(whole).Seconds(), target: 1, unit: "s", strict: true, how: fmt.Sprintf("median of %d edits", editRounds)},
		{what: "06_probe, edit to verdict, above bare build and waiting", value: above.Seconds(), target: 0.25, unit: "s", how: how},
	}, nil
}

// longestWait is how long the checks wait by themselves: they run side by side.
func longestWait() time.Duration {
	var longest time.Duration
	for _, s := range checks.For(edited) {
		longest = max(longest, s.Waits)
	}
	return longest
}

// edit returns the reference as after the edit with number i, and unlike any
// before: other lines, other text.
func (k *kit) edit(i int, who string) (map[string][]byte, error) {
	files, err := k.reference(edited)
	if err != nil {
		return nil, err
	}
	files = maps.Clone(files)
	head := fmt.Sprintf("// %s %d\n%s\n", who, time.Now().UnixNano(), strings.Repeat("//\n", i))
	files[editedFile] = append([]byte(head), files[editedFile]...)
	return files, nil
}

// checkEdit runs `wirelab check` on an edit.
func (k *kit) checkEdit(ctx context.Context, i int) (time.Duration, error) {
	files, err := k.edit(i, "checked")
	if err != nil {
		return 0, err
	}
	from := filepath.Join(k.scratch, "learner")
	for name, data := range files {
		if err := put(filepath.Join(from, edited, name), data); err != nil {
			return 0, err
		}
	}
	cmd := exec.CommandContext(ctx, k.wirelab, "check", edited, "--from", from, "--out", filepath.Join(k.scratch, "reports")) //nolint:gosec // the kit's own program
	cmd.Dir = k.root
	return timed(cmd)
}

// buildEdit builds an edit with the bare driver.
func (k *kit) buildEdit(ctx context.Context, i int) (time.Duration, error) {
	files, err := k.edit(i, "built")
	if err != nil {
		return 0, err
	}
	tree, err := k.tree(edited)
	if err != nil {
		return 0, err
	}
	for name, data := range files {
		tree.Replace["exercises/"+edited+"/"+name] = data
	}
	cmd, err := k.bareBuild(ctx, tree, "./grader/cmd/bench/bareprobe")
	if err != nil {
		return 0, err
	}
	return timed(cmd)
}

// bareBuild is the command that builds a program of the bench's with the tree in
// place, with the flags and the cache that the kit itself builds with.
func (k *kit) bareBuild(ctx context.Context, tree stage.Tree, program string) (*exec.Cmd, error) {
	overlay, err := k.overlay(tree)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", //nolint:gosec // the kit's own folder
		"-o", filepath.Join(k.scratch, filepath.Base(program)), program)
	cmd.Dir = k.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	return cmd, nil
}

// overlay writes a tree's files, and the overlay that puts them in place
// (`go help build`). It returns the overlay's path.
func (k *kit) overlay(tree stage.Tree) (string, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, data := range tree.Replace {
		path := filepath.Join(k.scratch, "overlay", name)
		if err := put(path, data); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(k.root, name)] = path
	}
	for _, name := range tree.Remove {
		overlay.Replace[filepath.Join(k.root, name)] = ""
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path := filepath.Join(k.scratch, "overlay.json")
	return path, put(path, data)
}

func put(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// timed runs a command, which must succeed, and returns how long it took.
func timed(cmd *exec.Cmd) (time.Duration, error) {
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("%v: %w", cmd.Args, err), errors.New(string(out)))
	}
	return took, nil
}
