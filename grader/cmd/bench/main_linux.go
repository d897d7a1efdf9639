// Command bench measures what the kit promises to be quick at, and prints each
// figure beside its target. Everything that is compared is measured turn by
// turn in the same run, since a machine has better and worse minutes. No
// figure decides anything: the exit status is 0 unless nothing could be
// measured. Run it by `make bench`, on a machine with nothing else to do;
// `make bench WHAT=containers` measures only what has that word in its name.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"wirelab/grader/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, strings.Join(os.Args[1:], " "), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures what has the word in its name; "" is everything.
func run(ctx context.Context, word string, out, terminal *os.File) (err error) {
	scratch, err := os.MkdirTemp("", "wirelab-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	k, err := openKit(ctx, scratch)
	if err != nil {
		return err
	}
	describeMachine(ctx, out)
	progress := report.NewProgress(terminal, report.IsTerminal(terminal))
	var figures []figure
	for _, m := range []struct {
		what    string
		measure func(context.Context, func(done, total int, what string)) ([]figure, error)
	}{
		{"06_probe, edit to verdict", k.edits},
		{"a lab from nothing to ready", k.starts},
		{"07_scan, 65,535 ports", k.scans},
		{"14_halfopen, 65,535 ports", k.sweep},
		{"14_halfopen, one SYN in five lost", k.lossy},
		{"wire reads a million packets", k.reads},
		{"15_pin, the reference test", k.pins},
		{"a class of submissions", k.class},
		{"labs of containers", k.containers},
		{"a fresh clone with an empty build cache, to the first verdicts", k.firstVerdict},
	} {
		if !strings.Contains(m.what, word) {
			continue
		}
		measured, err := m.measure(ctx, progress.Step)
		progress.Done()
		if err != nil {
			measured = []figure{missing(m.what, strings.ReplaceAll(err.Error(), "\n", "; "))}
		}
		figures = append(figures, measured...)
		if ctx.Err() != nil {
			break
		}
	}
	return write(out, figures)
}

// describeMachine says what the figures are worth. Most of what is measured is
// the start of programs, of which /bin/true is the cheapest: what it takes tells
// one machine's milliseconds from another's.
func describeMachine(ctx context.Context, w io.Writer) {
	fmt.Fprintf(w, "%d CPUs, %s", runtime.NumCPU(), runtime.Version())
	var starts []time.Duration
	for range 50 {
		if took, err := timed(exec.CommandContext(ctx, "true")); err == nil {
			starts = append(starts, took)
		}
	}
	if len(starts) > 0 {
		fmt.Fprintf(w, ", /bin/true takes %.1f ms", in(median(starts), time.Millisecond))
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		if load, _, ok := strings.Cut(string(data), " "); ok {
			fmt.Fprintf(w, ", load %s before the start: figures are worth most where that is near 0", load)
		}
	}
	fmt.Fprintln(w)
}
