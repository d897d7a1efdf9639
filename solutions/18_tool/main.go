package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"

	scan "wirelab/exercises/07_scan"
	"wirelab/exercises/port"
)

// main is all that knows of the process around it.
func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt)
	// The first Ctrl-C asks for an end in good order; who presses it again is
	// in a hurry, and gets what Ctrl-C does to any program.
	context.AfterFunc(ctx, restore)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is netprobe: it does what args ask for until it is done or ctx ends, prints
// to stdout and stderr, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone // parse has printed it
	case err != nil:
		fmt.Fprintf(stderr, "netprobe: %v\nCall netprobe -h for help.\n", err)
		return exitUsage
	}
	if err := o.probe(ctx, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "netprobe: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// probe scans the host and prints what it found, also where it could not go on
// to the end: an hour's results are not thrown away for the sake of an error.
func (o options) probe(ctx context.Context, stdout, stderr io.Writer) error {
	allowed, err := o.readScope()
	if err != nil {
		return err
	}
	host, err := allowed.resolve(ctx, o.host)
	if err != nil {
		return err
	}
	findings, err := o.ask(ctx, host, stderr)
	return errors.Join(err, o.print(stdout, host, findings))
}

// finding is what is known of a port.
type finding struct {
	port.Result
	banner, service string
}

// ask scans the host's ports and, with -banner, asks the open ones who they are.
func (o options) ask(ctx context.Context, host netip.Addr, stderr io.Writer) ([]finding, error) {
	defer showProgress(stderr, fmt.Sprintf("asking %d ports of %v", len(o.ports), host))()
	results, err := scan.Scan(ctx, host, o.ports, scan.Options{Timeout: o.timeout, Workers: o.workers})
	findings := make([]finding, len(results))
	for i, r := range results {
		findings[i] = finding{Result: r, service: usual[r.Port]}
	}
	if o.banner && err == nil {
		err = o.grab(ctx, host, findings)
	}
	return findings, err
}
