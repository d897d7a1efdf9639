package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is one thing that was measured, or why it could not be.
type figure struct {
	what    string
	value   float64 // in the target's unit
	target  float64
	unit    string // "s", "ms" or "×"
	strict  bool   // the value must be below the target, not just at most it
	how     string // what the value was made of
	missing string // why there is no value
}

// reached tells whether the target is met.
func (f figure) reached() bool {
	return f.value < f.target || f.value == f.target && !f.strict
}

// missing is a figure that could not be taken.
func missing(what, why string) figure { return figure{what: what, missing: why} }

// write prints figures as a table.
func write(w io.Writer, figures []figure) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  what\tmeasured\ttarget\tof target\thow")
	for _, f := range figures {
		if f.missing != "" {
			fmt.Fprintf(table, "– %s\tnot measured\t\t\t%s\n", f.what, f.missing)
			continue
		}
		mark, bound := "✗", "at most"
		if f.reached() {
			mark = "✓"
		}
		if f.strict {
			bound = "below"
		}
		share := "–" // of nothing
		if f.target > 0 {
			share = fmt.Sprintf("%.2f", f.value/f.target)
		}
		fmt.Fprintf(table, "%s %s\t%.2f %s\t%s %.4g %s\t%s\t%s\n", mark, f.what, f.value, f.unit, bound, f.target, f.unit, share, f.how)
	}
	return table.Flush()
}

// median returns the middle one of the samples, of which there is at least one.
func median(samples []time.Duration) time.Duration { return quantile(samples, 0.5) }

// quantile returns the sample that the fraction q of all are not above.
func quantile(samples []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// in returns d in a unit, as a fraction.
func in(d, unit time.Duration) float64 { return float64(d) / float64(unit) }
