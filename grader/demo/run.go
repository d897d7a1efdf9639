package demo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/wire"
)

// Run has the reference, which is the driver of Exercise compiled with it, scan
// the TCP ports of the lab's target, and judges what comes of it. The lab stays
// the caller's. An error says that there was no scan to judge.
func Run(ctx context.Context, lab labenv.Lab, reference labenv.Program) (Demo, error) {
	p := lab.Plan()
	var numbers []uint16
	for _, q := range tcpPorts(p.Target) {
		numbers = append(numbers, q.Number)
	}
	results, err := scan(ctx, lab, reference, p.Target.Addr, numbers)
	if err != nil {
		return Demo{}, fmt.Errorf("the reference scanner: %w", err)
	}
	trace, err := record(ctx, lab)
	if err != nil {
		return Demo{}, fmt.Errorf("the evidence: %w", err)
	}
	return Judge(p, results, trace), nil
}

// scan starts the program in the seat, and calls its Scan for all ports at
// once: the silent ones are waited for together.
func scan(ctx context.Context, lab labenv.Lab, program labenv.Program, host netip.Addr, ports []uint16) (results []port.Result, err error) {
	process, err := lab.Start(ctx, program)
	if err != nil {
		return nil, fmt.Errorf("start it in the seat: %w", err)
	}
	driver, err := drive.Start(ctx, process, drive.Limits{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	// The fields are those of scan.Options, which the driver decodes by name.
	options := struct {
		Timeout time.Duration
		Workers int
	}{Timeout, len(ports)}
	reply, err := driver.Call(ctx, "Scan", host, ports, options)
	if err != nil {
		return nil, err
	}
	if reply.Err != nil {
		return nil, fmt.Errorf("it returned the error %w", reply.Err)
	}
	if err := reply.Decode(0, &results); err != nil {
		return nil, fmt.Errorf("what it returned: %w", err)
	}
	return results, nil
}

// record returns what the target received and sent. A recording that lacks
// frames proves nothing.
func record(ctx context.Context, lab labenv.Lab) (*wire.Trace, error) {
	raw, err := lab.Captures(ctx)
	if err != nil {
		return nil, err
	}
	if !raw.Complete {
		return nil, fmt.Errorf("the recording lacks frames: %s", raw.Why)
	}
	return wire.Read(raw.Target, raw.Sync)
}
