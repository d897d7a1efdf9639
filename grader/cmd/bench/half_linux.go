package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// errNoNmap is why some figures are missing.
var errNoNmap = errors.New("nmap is not installed")

// halfScanner runs the reference of 14_halfopen in a seat with CAP_NET_RAW.
func (k *kit) halfScanner(ctx context.Context, retries int, timeout time.Duration) (scanner, error) {
	tree, err := k.tree("14_halfopen")
	if err != nil {
		return nil, err
	}
	return k.seatScanner(ctx, "halfscan", tree, func(q question) labenv.Program {
		return labenv.Program{NetRaw: true, Args: []string{q.plan.Target.Addr.String(), strconv.Itoa(retries), timeout.String(), q.ports}}
	})
}

// sweep measures 14's reference against nmap -sS: two tries after the first, as
// many as nmap has at its most impatient.
func (k *kit) sweep(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	done, err := k.halfAgainstNmap(ctx, scanRounds, 2, 200*time.Millisecond, everyPort, []string{"-sS", "-T5"}, step)
	if err != nil {
		return nil, err
	}
	return []figure{{
		what: "14_halfopen, 65,535 ports, 100 silent, against nmap -sS -T5", value: in(middle(done[0]), middle(done[1])), target: 0.2, unit: "×",
		how: fmt.Sprintf("medians of %d: %s, nmap %s", scanRounds, told(done[0]), told(done[1])),
	}}, nil
}

// lossy measures it where one SYN in five is lost, against nmap -sT, whose
// kernel repeats what was lost.
func (k *kit) lossy(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	const rounds, retries = 3, 10
	done, err := k.halfAgainstNmap(ctx, rounds, retries, 100*time.Millisecond, lossyPorts, []string{"-sT", "-T4"}, step)
	if err != nil {
		return nil, err
	}
	wrong := 0
	for _, d := range done[0] {
		wrong += d.wrong
	}
	return []figure{
		{
			what: "14_halfopen, 2,000 ports, one SYN in five lost, against nmap -sT", value: in(middle(done[0]), middle(done[1])), target: 1, unit: "×", strict: true,
			how: fmt.Sprintf("medians of %d: %s with %d retries, nmap %s", rounds, told(done[0]), retries, told(done[1])),
		},
		{what: "14_halfopen, 2,000 ports, one SYN in five lost: verdicts wrong", value: float64(wrong), target: 0, how: fmt.Sprintf("in %d scans", rounds)},
	}, nil
}

func (k *kit) halfAgainstNmap(ctx context.Context, rounds, retries int, timeout time.Duration, ask func(uint64) question, nmapOptions []string, step func(done, total int, what string)) ([][]scanDone, error) {
	nmap, err := exec.LookPath("nmap")
	if err != nil {
		return nil, errNoNmap
	}
	own, err := k.halfScanner(ctx, retries, timeout)
	if err != nil {
		return nil, err
	}
	return inTurn(ctx, rounds, ask, []scanner{own, k.nmapScanner(nmap, nmapOptions...)}, step)
}

// lossyPorts asks about 2,000 ports that lose one SYN in five.
func lossyPorts(seed uint64) question {
	const open, silent, closed, loss = 100, 20, 1880, 20
	d := plan.New(seed)
	var list []string
	for _, p := range append(append(d.Ports(open, plan.Echo, plan.WithLoss(loss)), d.Ports(closed, plan.Closed, plan.WithLoss(loss))...), d.Ports(silent, plan.Drop)...) {
		list = append(list, strconv.Itoa(int(p.Number)))
	}
	return question{plan: d.Plan(), ports: strings.Join(list, ","), open: open, closed: closed}
}
