package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"

	"wirelab/grader/stage"
	"wirelab/labenv"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

const (
	scanRounds = 5
	// workers is how many ports both scanners ask at once: most of what the
	// seat's limit of 1024 descriptors leaves room for.
	workers = 900
	silence = 300 * time.Millisecond
	opened  = 10
	silent  = 100
	others  = 65535 - opened - silent
)

// scanner scans all ports of a lab that plays a plan.
type scanner func(context.Context, plan.Plan) (scanDone, error)

// scanDone is a scan that is over: how long it took, and how many ports it
// mistook for others. On a busy machine answers come after the timeout.
type scanDone struct {
	took  time.Duration
	wrong int
}

// scans measures the reference of 07_scan against nmap and against a loop that
// does nothing but connect, turn by turn, each time on a new lab.
func (k *kit) scans(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	reference, err := k.referenceScanner(ctx)
	if err != nil {
		return nil, err
	}
	floor, err := k.epollScanner(ctx)
	if err != nil {
		return nil, err
	}
	scanners := []scanner{reference, floor}
	nmap, err := exec.LookPath("nmap")
	if err == nil {
		scanners = append(scanners, k.nmapScanner(nmap))
	}
	done := make([][]scanDone, len(scanners))
	for i := range scanRounds {
		p := scanPlan(uint64(i))
		for j, scan := range scanners {
			step(i*len(scanners)+j, scanRounds*len(scanners), "scan 65,535 ports")
			d, err := scan(ctx, p)
			if err != nil {
				return nil, err
			}
			done[j] = append(done[j], d)
		}
	}
	return scanFigures(done), nil
}

// scanFigures compares the first scanner with the others; that of nmap may be
// missing.
func scanFigures(done [][]scanDone) []figure {
	own, floor := middle(done[0]), middle(done[1])
	how := func(name string, other []scanDone) string {
		return fmt.Sprintf("medians of %d: %s with %d workers, %s %s", scanRounds, told(done[0]), workers, name, told(other))
	}
	const what = "07_scan, 65,535 ports, 100 silent, against "
	figures := []figure{
		{what: what + "an epoll loop", value: in(own, floor), target: 1.5, unit: "×", how: how("epoll loop", done[1])},
	}
	if len(done) < 3 {
		return append(figures, missing(what+"nmap -sT -T5", "nmap is not installed"))
	}
	nmap := middle(done[2])
	return append(figures, figure{what: what + "nmap -sT -T5", value: in(own, nmap), target: 1, unit: "×", strict: true, how: how("nmap", done[2])})
}

// middle is the median of how long scans took.
func middle(scans []scanDone) time.Duration {
	took := make([]time.Duration, len(scans))
	for i, s := range scans {
		took[i] = s.took
	}
	return median(took)
}

// told is that median in words, with the wrong verdicts, if there were any:
// who is fast and wrong has not scanned.
func told(scans []scanDone) string {
	wrong := 0
	for _, s := range scans {
		wrong += s.wrong
	}
	if wrong == 0 {
		return fmt.Sprintf("%.2f s", middle(scans).Seconds())
	}
	return fmt.Sprintf("%.2f s (%d verdicts wrong in all)", middle(scans).Seconds(), wrong)
}

func scanPlan(seed uint64) plan.Plan {
	d := plan.New(seed)
	d.Ports(opened, plan.Echo)
	d.Ports(silent, plan.Drop)
	return d.Plan()
}

// mistaken counts the ports that a scanner has in the wrong state or not at
// all, as far as sums tell.
func mistaken(open, closed int) int { return abs(opened-open) + abs(others-closed) }

func abs(n int) int { return max(n, -n) }

// referenceScanner runs the reference in the seat.
func (k *kit) referenceScanner(ctx context.Context) (scanner, error) {
	tree, err := k.tree("06_probe", "07_scan")
	if err != nil {
		return nil, err
	}
	return k.seatScanner(ctx, "refscan", tree)
}

// epollScanner runs the bare loop in the same kind of seat.
func (k *kit) epollScanner(ctx context.Context) (scanner, error) {
	return k.seatScanner(ctx, "epollscan", stage.Tree{})
}

// seatScanner builds one of the programs below this folder, and runs it in the
// seat of a lab. It tells the time itself: starting it does not count.
func (k *kit) seatScanner(ctx context.Context, name string, tree stage.Tree) (scanner, error) {
	program, err := k.builder.Build(ctx, "./grader/cmd/bench/"+name, tree, func(s string) string { return s })
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	return func(ctx context.Context, p plan.Plan) (scanDone, error) {
		l, err := netns.Maker(k.labs())(ctx, p)
		if err != nil {
			return scanDone{}, err
		}
		process, err := l.Start(ctx, labenv.Program{
			Exe: program, Args: []string{p.Target.Addr.String(), strconv.Itoa(workers), silence.String()},
		})
		if err != nil {
			return scanDone{}, errors.Join(err, l.Close())
		}
		done, err := readSummary(process)
		return done, errors.Join(err, process.Close(), l.Close())
	}, nil
}

// readSummary reads what a scanner prints at its end.
func readSummary(process labenv.Process) (scanDone, error) {
	var s struct {
		Open, Closed, Filtered int
		Took                   time.Duration
	}
	if err := json.NewDecoder(process.Stdout()).Decode(&s); err != nil {
		said, rerr := io.ReadAll(process.Stderr())
		return scanDone{}, errors.Join(fmt.Errorf("a scanner without a result: %w", err), rerr, errors.New(string(said)))
	}
	return scanDone{took: s.Took, wrong: mistaken(s.Open, s.Closed)}, nil
}
