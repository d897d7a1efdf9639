package check

import (
	"runtime"
	"slices"
)

// turns lets few checks start a lab at the same time. To start one keeps a CPU
// busy; if all started at once, all would be late together, while so the first
// wait for their silent ports already when the last begin.
type turns chan struct{}

func newTurns() turns { return make(turns, runtime.GOMAXPROCS(0)) }

// takeTurn waits until the check may start a lab; it may have its turn already.
func (t *T) takeTurn() {
	if !t.turn {
		t.runner.turns <- struct{}{}
		t.turn = true
	}
}

// giveTurn lets another check start its lab.
func (t *T) giveTurn() {
	if t.turn {
		t.turn = false
		<-t.runner.turns
	}
}

// longestFirst returns the indices of the checks in the order to begin them in.
func longestFirst(specs []Spec) []int {
	order := make([]int, len(specs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(specs[b].Waits - specs[a].Waits) })
	return order
}
