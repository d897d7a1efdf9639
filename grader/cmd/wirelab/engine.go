//go:build docker

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wirelab/labenv/docker"
	"wirelab/labenv/labhost/binary"
)

// roomsAhead is how many labs' containers are started while the learner's code
// is compiled.
const roomsAhead = 2

// openDocker opens labs of containers.
func openDocker(ctx context.Context, labhost string) (labs, error) {
	l, err := docker.Open(ctx, docker.Config{Labhost: labhost, Rooms: roomsAhead})
	if err != nil {
		return labs{}, err // it says itself what to do
	}
	return labs{kind: labDocker, make: l.Start, close: l.Close, arch: l.Arch()}, nil
}

// dockerDiagnosis starts a lab of containers, and tells what came of it.
func dockerDiagnosis(ctx context.Context, _ string) (diagnosis, error) {
	start := time.Now()
	engine, err := tryEngine(ctx)
	d := diagnosis{what: "labs in containers", lab: labDocker, broken: err != nil, works: err == nil}
	if d.broken {
		d.found, d.remedy = err.Error(), "Without them, labs in namespaces serve: the checks are the same."
	} else {
		d.found = fmt.Sprintf("they work; one took %v to start and stop (%s)", time.Since(start).Round(time.Millisecond), engine)
	}
	return d, nil
}

// tryEngine starts and ends a lab of containers, and describes the engine.
func tryEngine(ctx context.Context) (engine string, err error) {
	labhost, err := binary.Find()
	if err != nil {
		return "", err
	}
	l, err := docker.Open(ctx, docker.Config{Labhost: labhost})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return l.Engine(), tryLab(ctx, l.Start)
}

// sweepContainers removes what killed runs left, and counts it.
func sweepContainers(ctx context.Context) (int, error) {
	return docker.Sweep(ctx)
}
