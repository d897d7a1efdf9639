// Command halfscan calls package halfopen in the seat of a lab, and prints what
// refscan prints:
//
//	halfscan ADDRESS RETRIES TIMEOUT PORTS
//
// PORTS is 1-65535, or a list such as 22,80.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	halfopen "wirelab/exercises/14_halfopen"
	"wirelab/exercises/port"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "halfscan:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: halfscan ADDRESS RETRIES TIMEOUT PORTS")
	}
	addr, err := netip.ParseAddr(args[0])
	if err != nil {
		return err
	}
	retries, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	timeout, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	ports, err := list(args[3])
	if err != nil {
		return err
	}
	start := time.Now()
	results, err := halfopen.Scan(context.Background(), addr, ports, halfopen.Options{Timeout: timeout, Retries: retries})
	if err != nil {
		return err
	}
	took := time.Since(start)
	count := map[port.State]int{}
	for _, r := range results {
		count[r.State]++
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Open, Closed, Filtered int
		Took                   time.Duration
	}{count[port.Open], count[port.Closed], count[port.Filtered], took})
}

func list(s string) ([]uint16, error) {
	var ports []uint16
	if s == "1-65535" {
		for n := range uint16(65535) {
			ports = append(ports, n+1)
		}
		return ports, nil
	}
	for word := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(word, 10, 16)
		if err != nil {
			return nil, err
		}
		ports = append(ports, uint16(n))
	}
	return ports, nil
}
