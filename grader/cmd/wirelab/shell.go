package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"wirelab/labenv/plan"
)

// shellCommand opens a shell.
type shellCommand struct{}

// Run prints the practice lab's table and opens the user's own shell.
func (shellCommand) Run(ctx context.Context, c console) error {
	shell := os.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	fmt.Fprint(c.out, practiceTable(plan.Practice()))
	fmt.Fprintln(c.out, "Nothing you send here leaves the lab. `exit` takes you back.")
	return inLab(ctx, []string{shell})
}

// practiceTable describes the practice lab.
func practiceTable(p plan.Plan) string {
	var s strings.Builder
	fmt.Fprintf(&s, "You sit at %s. The target is %s (%s), %s is out of scope.\n\n", p.Seat.Addr, p.Target.Addr, p.Target.Addr6, p.Neighbour.Addr)
	w := tabwriter.NewWriter(&s, 0, 0, 3, ' ', 0)
	for _, q := range p.Target.Ports {
		state := ""
		if q.Proto == plan.TCP {
			state = string(q.State())
		}
		fmt.Fprintf(w, "  %d/%s\t%s\t%s\n", q.Number, q.Proto, state, describe(q))
	}
	_ = w.Flush() // a strings.Builder never fails
	s.WriteString("\n")
	return s.String()
}

func describe(p plan.Port) string {
	if p.Behaviour == plan.ICMP {
		return "ICMP " + string(p.Reason())
	}
	return string(p.Behaviour)
}
