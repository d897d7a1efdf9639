//go:build docker

package main

import (
	"context"
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
		return labs{}, labError{err}
	}
	return labs{labDocker, l.Start, l.Close}, nil
}

// dockerDiagnosis starts a lab of containers.
func dockerDiagnosis(ctx context.Context, _ string) (diagnosis, error) {
	d := diagnosis{what: "labs in containers"}
	labhost, err := binary.Find()
	if err != nil {
		d.found, d.broken, d.remedy = err.Error(), true, "Run `make build`."
		return d, nil
	}
	start := time.Now()
	l, err := docker.Open(ctx, docker.Config{Labhost: labhost})
	if err == nil {
		d.found = l.Engine()
		err = tryLab(ctx, l.Start)
		if cerr := l.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		d.found, d.broken, d.remedy = err.Error(), true, "Without them, labs in namespaces serve: the checks are the same."
		return d, nil
	}
	d.found = fmt.Sprintf("they work; one took %v to start and stop (%s)", time.Since(start).Round(time.Millisecond), d.found)
	return d, nil
}

// sweepContainers removes what killed runs left, and counts it.
func sweepContainers(ctx context.Context) (int, error) {
	n, err := docker.Sweep(ctx)
	if err != nil {
		return n, labError{err}
	}
	return n, nil
}
