package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// listCommand lists the exercises.
type listCommand struct{}

// Run prints a line for each exercise.
func (listCommand) Run(c console) error {
	_, all, _, err := exercises(nil)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 3, ' ', 0)
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%d points", m.ID, m.Title, m.MaxPoints())
		if len(m.Needs) > 0 {
			fmt.Fprintf(w, "\tbuilds on %s", strings.Join(m.Needs, ", "))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
