package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	scan "wirelab/exercises/07_scan"
)

// options are what the command line asks for.
type options struct {
	ports        []uint16
	timeout      time.Duration
	workers      int
	scope        string // a file; "" where none was named
	banner, json bool
	host         string
}

// usage is what -h prints before the flags.
const usage = `Usage: netprobe [-p PORTS] [-timeout D] [-workers N] [-scope FILE] [-banner] [-json] HOST

Scan only what you own or have written permission to test. Say what that is in
a scope file, with lines such as "allow 192.0.2.0/24" and "deny 192.0.2.1".

`

// parse reads the command line. What is wrong with it is an error; flag.ErrHelp
// means that it asked for help, which help has been printed to.
func parse(args []string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("netprobe", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // or flag would print each error, too, with all of the help
	ports := flags.String("p", "", "the `PORTS` to ask, such as 22,80,8000-8010, or - for all (default: some well-known ones)")
	flags.DurationVar(&o.timeout, "timeout", time.Second, "how long a port may take to answer")
	flags.IntVar(&o.workers, "workers", 100, "how many ports may be in question at once")
	flags.StringVar(&o.scope, "scope", "", "the `FILE` that says what may be scanned (default: only loopback and "+practice+")")
	flags.BoolVar(&o.banner, "banner", false, "ask open ports who they are")
	flags.BoolVar(&o.json, "json", false, "print a line of JSON for each port")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(help, usage)
			flags.SetOutput(help)
			flags.PrintDefaults()
		}
		return o, err
	}
	switch flags.NArg() {
	case 0:
		return o, errors.New("name the HOST to scan, after the flags")
	case 1:
	default:
		return o, fmt.Errorf("one HOST at a time, and flags before it: %q is too much", flags.Args()[1:])
	}
	o.host = flags.Arg(0)
	return o, o.complete(*ports)
}

// complete judges the values of the flags and fills in those that were left out.
func (o *options) complete(ports string) (err error) {
	switch {
	case o.host == "":
		return errors.New("the name of the HOST is empty")
	case o.timeout <= 0:
		return fmt.Errorf("-timeout %v leaves no time for an answer", o.timeout)
	case o.workers <= 0:
		return fmt.Errorf("with -workers %d nobody asks anything", o.workers)
	}
	if ports == "" {
		o.ports = slices.Sorted(maps.Keys(usual))
		return nil
	}
	if o.ports, err = scan.ParsePorts(ports); err != nil {
		return fmt.Errorf("-p: %w", err)
	}
	return nil
}
