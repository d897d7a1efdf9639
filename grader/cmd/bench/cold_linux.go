package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// firstVerdict measures what a newcomer waits for: a fresh clone, an empty
// build cache, the modules there already, and the first verdicts of 06_probe.
func (k *kit) firstVerdict(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	step(0, 1, "first verdict with an empty build cache")
	clone := filepath.Join(k.scratch, "clone")
	if _, err := timed(exec.CommandContext(ctx, "git", "clone", "--quiet", k.root, clone)); err != nil { //nolint:gosec // the kit's own folder
		return nil, err
	}
	files, err := k.reference(edited)
	if err != nil {
		return nil, err
	}
	for name, data := range files {
		if err := put(filepath.Join(clone, "exercises", edited, name), data); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, "make", "check", "EX="+edited)
	cmd.Dir = clone
	cmd.Env = append(os.Environ(), "GOCACHE="+filepath.Join(k.scratch, "cache"))
	took, err := timed(cmd)
	if err != nil {
		return nil, err
	}
	return []figure{{
		what: "a fresh clone with an empty build cache, to the first verdicts", value: in(took, time.Second), target: 90, unit: "s", strict: true,
		how: fmt.Sprintf("make check EX=%s, once; modules were there", edited),
	}}, nil
}
