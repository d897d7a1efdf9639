package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	classSize = 20 // submissions that are graded in earnest
	fewest    = 10 // the classes whose memory is compared
	most      = 1000
)

// class measures what grading a class takes: time, CPU for each submission
// against bare builds of the same code, and memory as the class grows.
func (k *kit) class(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	subs := filepath.Join(k.scratch, "class")
	var bare time.Duration
	for i := range classSize {
		step(i, classSize, "bare builds")
		cpu, err := k.handIn(ctx, subs, i)
		if err != nil {
			return nil, err
		}
		bare += cpu
	}
	step(0, 0, "a class of references")
	cmd := k.command(ctx, "grade", subs, "--out", filepath.Join(k.scratch, "grades"), edited, "07_scan")
	took, err := timed(cmd)
	if err != nil {
		return nil, err
	}
	each := cpuOf(cmd) / classSize
	bare /= classSize
	figures := []figure{
		{
			what: "a class of 100, 06 and 07", value: 100 * took.Seconds() / classSize, target: 100, unit: "s", strict: true,
			how: fmt.Sprintf("from %d references, %d at once", classSize, runtime.NumCPU()),
		},
		{
			what: "a class, CPU for each submission", value: each.Seconds() / bare.Seconds(), target: 2, unit: "×",
			how: fmt.Sprintf("%.2f CPU-s, against %.2f of the bare builds of its two drivers", each.Seconds(), bare.Seconds()),
		},
	}
	grown, err := k.memory(ctx, step)
	return append(figures, grown...), err
}

// handIn writes a submission like no other, and returns the CPU time that bare
// builds of its two programs take.
func (k *kit) handIn(ctx context.Context, subs string, i int) (time.Duration, error) {
	var total time.Duration
	for _, one := range []struct{ id, file, bare string }{
		{edited, editedFile, "./grader/cmd/bench/bareprobe"}, {"07_scan", "scan.go", "./grader/cmd/bench/refscan"},
	} {
		files, err := k.reference(one.id)
		if err != nil {
			return 0, err
		}
		tree, err := k.tree(edited, "07_scan")
		if err != nil {
			return 0, err
		}
		for name, data := range files {
			if name == one.file {
				data = append(fmt.Appendf(nil, "// Student %d, %d.\n", i, time.Now().UnixNano()), data...)
			}
			tree.Replace["exercises/"+one.id+"/"+name] = data
			if err := put(filepath.Join(subs, fmt.Sprintf("s%03d", i), one.id, name), data); err != nil {
				return 0, err
			}
		}
		cmd, err := k.bareBuild(ctx, tree, one.bare)
		if err != nil {
			return 0, err
		}
		if _, err := timed(cmd); err != nil {
			return 0, err
		}
		total += cpuOf(cmd)
	}
	return total, nil
}

// cpuOf is the CPU time of a command that has ended, and of all that it waited
// for.
func cpuOf(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// memory compares the largest resident size of the grader on a small and on a
// large class, of submissions that are refused: no compiler hides it.
func (k *kit) memory(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	var sizes []float64
	for _, n := range []int{fewest, most} {
		step(0, 0, fmt.Sprintf("a class of %d", n))
		subs := filepath.Join(k.scratch, fmt.Sprintf("class-%d", n))
		for i := range n {
			text := fmt.Appendf(nil, "package probe\n\nimport _ \"os/exec\" // %d\n", i)
			if err := put(filepath.Join(subs, fmt.Sprintf("s%04d", i), edited, editedFile), text); err != nil {
				return nil, err
			}
		}
		cmd := k.command(ctx, "grade", subs, "--out", subs+"-grades", edited)
		if _, err := timed(cmd); err != nil {
			return nil, err
		}
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return nil, errors.New("no resource usage of a process that has ended")
		}
		sizes = append(sizes, float64(usage.Maxrss)/1024)
		if err := errors.Join(os.RemoveAll(subs), os.RemoveAll(subs+"-grades")); err != nil {
			return nil, err
		}
	}
	return []figure{{
		what: "a class, memory of the grader", value: sizes[1] / sizes[0], target: 1.25, unit: "×",
		how: fmt.Sprintf("%.0f MiB for %d submissions, %.0f MiB for %d", sizes[0], fewest, sizes[1], most),
	}}, nil
}
