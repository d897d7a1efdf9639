package demo

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
)

// String is the demo as newcomers read it: what is scanned and from where, the
// table, and what to do next. Rows in which scanner, wire and plan disagree are
// marked with ✗ and explained below the table.
func (d Demo) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "The reference scanner asks %d TCP ports of the practice lab's target, %s, from its seat at %s.\n",
		len(d.Rows), d.Plan.Target.Addr, d.Plan.Seat.Addr)
	s.WriteString("Nothing leaves the lab: it is a private network inside this machine, with no way out.\n\n")
	s.WriteString(d.table())
	s.WriteString("\n" + d.closing())
	return s.String()
}

func (d Demo) table() string {
	var s strings.Builder
	w := tabwriter.NewWriter(&s, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "  PORT\tSTATE\tREASON\tDECIDING FRAME, AS CAPTURED AT THE TARGET")
	for _, r := range d.Rows {
		mark := " "
		if r.Wrong != "" {
			mark = "✗"
		}
		fmt.Fprintf(w, "%s %d\t%s\t%s\t%s\n", mark, r.Port, cmp.Or(r.Said.State, "-"), cmp.Or(r.Said.Reason, "-"), r.Frame)
	}
	_ = w.Flush() // a strings.Builder never fails
	return s.String()
}

// closing sends the newcomer on, unless there is something to report first.
func (d Demo) closing() string {
	if d.Sound() {
		return "Next: `make shell` to explore the lab yourself, exercises/06_probe/README.md to begin writing such a scanner.\n"
	}
	var s strings.Builder
	for _, r := range d.Rows {
		if r.Wrong != "" {
			fmt.Fprintf(&s, "✗ %d: %s\n", r.Port, r.Wrong)
		}
	}
	s.WriteString("The kit is at fault, not you. If it happens again, please report it with this text.\n")
	return s.String()
}
