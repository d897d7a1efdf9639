// Command netprobe scans the TCP ports of a host that you may scan, and says
// what it found, to people as a table and to programs as JSON.
//
// This file is given. It fixes what the checks look at: the exit statuses and
// the form of a line of JSON. Your code goes into main.go.
package main

import "wirelab/exercises/port"

// What netprobe's exit status says.
const (
	exitDone   = 0 // every port has its verdict
	exitFailed = 1 // it could not scan, or not to the end
	exitUsage  = 2 // it was called wrongly, and nothing was done
)

// line is what -json prints for each port: one object, on one line.
type line struct {
	Host    string      `json:"host"` // the address that was scanned
	Port    uint16      `json:"port"`
	State   port.State  `json:"state"`
	Reason  port.Reason `json:"reason"`
	RTT     float64     `json:"rtt_ms"`  // milliseconds; 0 where nothing answered
	Banner  string      `json:"banner"`  // with -banner, what the service said; else ""
	Service string      `json:"service"` // its name, "ssh"; "" where that is not known
}

var (
	_ func() = main
	_ line
)
