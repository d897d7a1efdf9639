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

	"wirelab/grader/cmd/bench/seatscan"
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

// question is what a scanner is to find out: ports of a lab that plays a plan.
type question struct {
	plan         plan.Plan
	ports        string // as nmap's -p has it: "1-65535", "22,80"
	open, closed int    // how many there are; the others are filtered
}

// mistaken counts the ports that a scanner has in the wrong state or not at
// all, as far as sums tell.
func (q question) mistaken(open, closed int) int { return abs(q.open-open) + abs(q.closed-closed) }

func abs(n int) int { return max(n, -n) }

// scanner scans the ports of a lab.
type scanner func(context.Context, question) (scanDone, error)

// scanDone is a scan that is over: how long it took, and how many ports it
// mistook for others. On a busy machine answers come after the timeout.
type scanDone struct {
	took  time.Duration
	wrong int
}

// scans measures the reference of 07_scan against nmap and against a loop that
// does nothing but connect.
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
		scanners = append(scanners, k.nmapScanner(nmap, "-sT", "-T5"))
	}
	done, err := inTurn(ctx, scanRounds, everyPort, scanners, step)
	if err != nil {
		return nil, err
	}
	return scanFigures(done), nil
}

// inTurn has scanners scan, turn by turn, each time in a new lab.
func inTurn(ctx context.Context, rounds int, ask func(seed uint64) question, scanners []scanner, step func(done, total int, what string)) ([][]scanDone, error) {
	done := make([][]scanDone, len(scanners))
	for i := range rounds {
		q := ask(uint64(i))
		for j, scan := range scanners {
			step(i*len(scanners)+j, rounds*len(scanners), "scan "+shorten(q.ports))
			d, err := scan(ctx, q)
			if err != nil {
				return nil, err
			}
			done[j] = append(done[j], d)
		}
	}
	return done, nil
}

// shorten cuts a list of ports for a line of progress.
func shorten(ports string) string { return ports[:min(len(ports), 12)] }

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
		return append(figures, missing(what+"nmap -sT -T5", errNoNmap.Error()))
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

// everyPort asks about all ports, of which most are closed.
func everyPort(seed uint64) question {
	d := plan.New(seed)
	d.Ports(opened, plan.Echo)
	d.Ports(silent, plan.Drop)
	return question{plan: d.Plan(), ports: seatscan.EveryPort, open: opened, closed: others}
}

// referenceScanner runs the reference in the seat.
func (k *kit) referenceScanner(ctx context.Context) (scanner, error) {
	tree, err := k.tree("06_probe", "07_scan")
	if err != nil {
		return nil, err
	}
	return k.seatScanner(ctx, "refscan", tree, connects)
}

// epollScanner runs the bare loop in the same kind of seat.
func (k *kit) epollScanner(ctx context.Context) (scanner, error) {
	return k.seatScanner(ctx, "epollscan", stage.Tree{}, connects)
}

// connects are the arguments of scanners by connect(2).
func connects(q question) labenv.Program {
	return labenv.Program{Args: []string{q.plan.Target.Addr.String(), strconv.Itoa(workers), silence.String(), q.ports}}
}

// seatScanner builds one of the programs below this folder, and runs it in the
// seat of a lab. It tells the time itself: starting it does not count.
func (k *kit) seatScanner(ctx context.Context, name string, tree stage.Tree, how func(question) labenv.Program) (scanner, error) {
	exe, err := k.builder.Build(ctx, "./grader/cmd/bench/"+name, tree, func(s string) string { return s })
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	return func(ctx context.Context, q question) (scanDone, error) {
		l, err := netns.Maker(k.labs())(ctx, q.plan)
		if err != nil {
			return scanDone{}, err
		}
		program := how(q)
		program.Exe = exe
		process, err := l.Start(ctx, program)
		if err != nil {
			return scanDone{}, errors.Join(err, l.Close())
		}
		done, err := readSummary(process, q)
		return done, errors.Join(err, process.Close(), l.Close())
	}, nil
}

// readSummary reads what a scanner prints at its end.
func readSummary(process labenv.Process, q question) (scanDone, error) {
	var s seatscan.Summary
	if err := json.NewDecoder(process.Stdout()).Decode(&s); err != nil {
		said, rerr := io.ReadAll(process.Stderr())
		return scanDone{}, errors.Join(fmt.Errorf("a scanner without a result: %w", err), rerr, errors.New(string(said)))
	}
	return scanDone{took: s.Took, wrong: q.mistaken(s.Open, s.Closed)}, nil
}
