package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// main is all that knows of the process around it. Keep it so: run can then be
// called from a test.
func main() {
	// TODO: Ctrl-C is to end a context, and not the process: signal.NotifyContext.
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is netprobe: it does what args ask for until it is done or ctx ends, prints
// to stdout and stderr, and returns the exit status.
//
//	netprobe [-p PORTS] [-timeout D] [-workers N] [-scope FILE] [-banner] [-json] HOST
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// TODO: read the flags: a flag.FlagSet of your own, with flag.ContinueOnError.
	// TODO: read the scope: scope "wirelab/exercises/10_scope".
	// TODO: find the host's addresses. All must be in scope, before a packet leaves.
	// TODO: scan: scan "wirelab/exercises/07_scan"; with -banner ask the open ports
	//       who they are: banner "wirelab/exercises/09_banner".
	// TODO: print a table, or JSON lines; on a terminal, show progress meanwhile.
	fmt.Fprintln(stderr, "netprobe: not implemented yet")
	return exitFailed
}
