// Package check is what a check is: a function that puts questions to the
// learner's program and to the wire, and an outcome that starts as an error
// and has to be earned. It also runs the checks of one exercise: side by side,
// each on a lab of its own, with a plan drawn from the run's seed.
//
// Checks use testify's assertions on T, which is the kit's own: no code of a
// learner's can reach it.
package check

import (
	"hash/fnv"
	"time"
)

// Evidence is what a check looks at beside the learner's answers.
type Evidence int

// The kinds of evidence. Tests hold every check to its kind: without the
// packets that it needs, or against a truth that the wire contradicts, a check
// ends in error and blames nobody.
const (
	// Answers: the learner's answers alone, as for a parser.
	Answers Evidence = iota
	// Packets: the recordings, for what was or was not sent.
	Packets
	// Verdicts: the recordings and the plan, for a port's state.
	Verdicts
)

// Spec is the code of one check. Title, points and the rest stand in the
// exercise's manifest under the same id.
type Spec struct {
	ID       string
	Evidence Evidence
	// Waits is how long the check waits, whatever the program does, for what
	// does not come, such as a silent port's answer. The longest begins first.
	Waits time.Duration
	// Run returns when all is proved. Its doc comment cites the RFC or manual
	// page that makes the check right.
	Run func(*T)
}

// seedFor mixes a run's seed with a check's name, so that checks draw
// independently and one check can be repeated alone.
func seedFor(seed uint64, exercise, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(exercise + "/" + id)) // a hash.Hash never fails
	return seed ^ h.Sum64()
}
