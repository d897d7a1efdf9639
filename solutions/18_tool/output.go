package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"text/tabwriter"
	"time"
)

// print prints what was found, for people or for programs.
func (o options) print(w io.Writer, host netip.Addr, findings []finding) error {
	if o.json {
		return printLines(w, host, findings)
	}
	return printTable(w, findings)
}

func printLines(w io.Writer, host netip.Addr, findings []finding) error {
	out := json.NewEncoder(w)
	for _, f := range findings {
		err := out.Encode(line{
			Host: host.String(), Port: f.Port, State: f.State, Reason: f.Reason,
			RTT: float64(f.RTT) / float64(time.Millisecond), Banner: f.banner, Service: f.service,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func printTable(w io.Writer, findings []finding) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PORT\tSTATE\tREASON\tSERVICE")
	for _, f := range findings {
		fmt.Fprintf(table, "%d/tcp\t%s\t%s\t%s\n", f.Port, f.State, f.Reason, cmp.Or(f.service, "-"))
	}
	return table.Flush() // the errors of what was printed to it, too
}

// showProgress says on a terminal what is going on, and for how long already,
// until the function that it returns is called. Where w is no terminal it says
// nothing: who reads a file later wants the outcome, and not how it came about.
func showProgress(w io.Writer, what string) (end func()) {
	if !isTerminal(w) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		start, tick := time.Now(), time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			fmt.Fprintf(w, "\r%s, %v so far", what, time.Since(start).Truncate(time.Second))
			select {
			case <-tick.C:
			case <-stop:
				fmt.Fprint(w, "\r\x1b[K") // the line is cleared for what follows
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// isTerminal tells whether w is one. The null device is taken for one as well,
// and minds nothing.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
