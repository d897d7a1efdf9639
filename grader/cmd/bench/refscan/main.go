// Command refscan calls package scan in the seat of a lab, as epollscan does
// without it, with the same arguments and the same output:
//
//	refscan ADDRESS WORKERS TIMEOUT
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"

	scan "wirelab/exercises/07_scan"
	"wirelab/exercises/port"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "refscan:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: refscan ADDRESS WORKERS TIMEOUT")
	}
	addr, err := netip.ParseAddr(args[0])
	if err != nil {
		return err
	}
	workers, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	timeout, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	ports := make([]uint16, 65535)
	for i := range ports {
		ports[i] = uint16(i + 1)
	}
	start := time.Now()
	results, err := scan.Scan(context.Background(), addr, ports, scan.Options{Timeout: timeout, Workers: workers})
	if err != nil {
		return err
	}
	var s struct {
		Open, Closed, Filtered int
		Took                   time.Duration
	}
	s.Took = time.Since(start)
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
	return json.NewEncoder(os.Stdout).Encode(s)
}
