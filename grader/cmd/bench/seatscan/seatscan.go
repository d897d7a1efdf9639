// Package seatscan is what the scanners have in common that `make bench` runs in
// the seat of a lab: their arguments, and what they print.
package seatscan

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"wirelab/exercises/port"
)

// EveryPort stands for ports 1 to 65535 in a list of ports.
const EveryPort = "1-65535"

// Args say what to scan, and how.
type Args struct {
	Addr    netip.Addr
	Number  int           // what the scanner's own word for it says: workers, retries
	Timeout time.Duration // of one try
	Ports   []uint16
}

// Summary is what a scanner prints, as JSON: how many ports were in which state,
// and how long that took, in nanoseconds.
type Summary struct {
	Open, Closed, Filtered int
	Took                   time.Duration
}

// Main is the main function of a scanner that is called as
//
//	name ADDRESS NUMBER TIMEOUT PORTS
//
// where number is the word for NUMBER, TIMEOUT is as time.ParseDuration reads it,
// and PORTS is EveryPort or a list such as 22,80. It tells the time: what comes
// before scan does not count.
func Main(name, number string, scan func(Args) (Summary, error)) {
	if err := run(number, os.Args[1:], scan); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(number string, args []string, scan func(Args) (Summary, error)) error {
	a, err := parse(number, args)
	if err != nil {
		return err
	}
	start := time.Now()
	s, err := scan(a)
	if err != nil {
		return err
	}
	s.Took = time.Since(start)
	return json.NewEncoder(os.Stdout).Encode(s)
}

func parse(number string, args []string) (a Args, err error) {
	if len(args) != 4 {
		return a, fmt.Errorf("usage: ADDRESS %s TIMEOUT PORTS", number)
	}
	if a.Addr, err = netip.ParseAddr(args[0]); err != nil {
		return a, err
	}
	if a.Number, err = strconv.Atoi(args[1]); err != nil {
		return a, fmt.Errorf("%s: %w", number, err)
	}
	if a.Timeout, err = time.ParseDuration(args[2]); err != nil {
		return a, err
	}
	a.Ports, err = ports(args[3])
	return a, err
}

func ports(list string) (all []uint16, err error) {
	if list == EveryPort {
		for n := range uint16(65535) {
			all = append(all, n+1)
		}
		return all, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(word, 10, 16)
		if err != nil {
			return nil, err
		}
		all = append(all, uint16(n))
	}
	return all, nil
}

// Count sums up results.
func Count(results []port.Result) (s Summary) {
	for _, r := range results {
		switch r.State {
		case port.Open:
			s.Open++
		case port.Closed:
			s.Closed++
		case port.Filtered:
			s.Filtered++
		}
	}
	return s
}
