//go:build docker

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/docker"
	"wirelab/labenv/plan"
)

const containerRounds = 5

// containers measures labs of containers against those of namespaces.
func (k *kit) containers(ctx context.Context, step func(done, total int, what string)) (figures []figure, err error) {
	var first, again, netns, contained []time.Duration
	for i := range containerRounds {
		step(i, containerRounds, "labs of containers")
		f, a, err := k.room(ctx)
		if err != nil {
			return nil, err
		}
		n, err := k.checkReference(ctx, "netns")
		if err != nil {
			return nil, err
		}
		c, err := k.checkReference(ctx, "docker")
		if err != nil {
			return nil, err
		}
		first, again, netns, contained = append(first, f), append(again, a), append(netns, n), append(contained, c)
	}
	step(0, 1, "verify in containers")
	proof, err := timed(k.command(ctx, "verify", "06_probe", "07_scan", "--lab", "docker"))
	if err != nil {
		return nil, err
	}
	of := fmt.Sprintf("medians of %d", containerRounds)
	return []figure{
		{what: "a lab of containers, warm, to ready", value: median(first).Seconds(), target: 1, unit: "s",
			how: fmt.Sprintf("%s; the next lab in the same containers %.0f ms", of, in(median(again), time.Millisecond))},
		{what: "check 06_probe in containers", value: median(contained).Seconds(), target: 2*median(netns).Seconds() + 1, unit: "s",
			how: fmt.Sprintf("%s; in namespaces %.2f s, of which the target is twice and one second", of, median(netns).Seconds())},
		{what: "verify of 06_probe and 07_scan in containers", value: proof.Seconds(), target: 60, unit: "s", strict: true, how: "once"},
	}, nil
}

// room measures a lab in containers of its own, and the next in the same.
func (k *kit) room(ctx context.Context) (first, again time.Duration, err error) {
	labs, err := docker.Open(ctx, docker.Config{Labhost: k.builder.Labhost})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, labs.Close()) }()
	if first, err = lifetime(ctx, labs.Start); err != nil {
		return 0, 0, err
	}
	again, err = lifetime(ctx, labs.Start)
	return first, again, err
}

// lifetime starts and ends a lab, and returns how long the start took.
func lifetime(ctx context.Context, mk labenv.Maker) (time.Duration, error) {
	start := time.Now()
	l, err := mk(ctx, plan.Practice())
	if err != nil {
		return 0, err
	}
	took := time.Since(start)
	return took, l.Close()
}

// checkReference runs `wirelab check` on the reference of 06_probe.
func (k *kit) checkReference(ctx context.Context, lab string) (time.Duration, error) {
	from := filepath.Join(k.scratch, "reference")
	files, err := k.reference(edited)
	if err != nil {
		return 0, err
	}
	for name, data := range files {
		if err := put(filepath.Join(from, edited, name), data); err != nil {
			return 0, err
		}
	}
	return timed(k.command(ctx, "check", edited, "--from", from, "--lab", lab, "--out", filepath.Join(k.scratch, "reports")))
}
