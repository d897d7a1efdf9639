// Command refscan calls package scan in the seat of a lab. Its arguments are
// those of seatscan.Main; NUMBER is how many workers.
package main

import (
	"context"

	scan "wirelab/exercises/07_scan"
	"wirelab/grader/cmd/bench/seatscan"
)

func main() {
	seatscan.Main("refscan", "WORKERS", func(a seatscan.Args) (seatscan.Summary, error) {
		results, err := scan.Scan(context.Background(), a.Addr, a.Ports, scan.Options{Timeout: a.Timeout, Workers: a.Number})
		return seatscan.Count(results), err
	})
}
