// Command halfscan calls package halfopen in the seat of a lab. Its arguments
// are those of seatscan.Main; NUMBER is how many retries.
package main

import (
	"context"

	halfopen "wirelab/exercises/14_halfopen"
	"wirelab/grader/cmd/bench/seatscan"
)

func main() {
	seatscan.Main("halfscan", "RETRIES", func(a seatscan.Args) (seatscan.Summary, error) {
		results, err := halfopen.Scan(context.Background(), a.Addr, a.Ports, halfopen.Options{Timeout: a.Timeout, Retries: a.Number})
		return seatscan.Count(results), err
	})
}
