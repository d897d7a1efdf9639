package checks

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"wirelab/grader/check"
	"wirelab/labenv/plan"
)

// draftChecks are those of 07_scan that look at Scan, and those of the review. A
// draft that gets one mix right gets another right.
var draftChecks = append(
	slices.DeleteFunc(slices.Clone(scanChecks), func(s check.Spec) bool {
		return s.Evidence == check.Answers || s.ID == "permuted-mix-is-right"
	}),
	check.Spec{ID: "zero-timeout-is-refused", Evidence: check.Packets, Run: draftZeroTimeoutIsRefused},
	check.Spec{ID: "review-finds-some", Evidence: check.Answers, Run: func(t *check.T) { draftReviewScores(t, 4) }},
	check.Spec{ID: "review-finds-most", Evidence: check.Answers, Run: func(t *check.T) { draftReviewScores(t, 7) }},
	check.Spec{ID: "review-is-complete", Evidence: check.Answers, Run: draftReviewIsComplete},
)

// draftZeroTimeoutIsRefused: net.Dialer takes a timeout of 0 for none, so that
// one silent port would hold a scan for minutes (tcp(7), tcp_syn_retries).
func draftZeroTimeoutIsRefused(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Echo), d.Port(plan.Closed)}
	b := scanBench(t, d.Plan(), 0)
	s := scan(t.Context(), t, b, b.Host(), []uint16{ports[0].Number, ports[1].Number}, options{Workers: 2})
	if s.reply.Err == nil {
		t.Failf("%s returned no error: a timeout of zero leaves no time for an answer", s.says)
	}
	requireNoStrays(t, b.Trace())
}

// reviewFile is what the learner found, as a file.
const reviewFile = "review.toml"

// fault is one thing that is wrong with the draft.
type fault struct {
	Kind string `toml:"kind"`
	In   string `toml:"in"`
}

// planted are the faults of the draft.
var planted = []fault{
	{"workers-ignored", "Scan"}, {"context-ignored", "Scan"}, {"order-lost", "Scan"}, {"asked-twice", "Scan"},
	{"zero-timeout-accepted", "Scan"}, {"connection-left-open", "scanPort"}, {"address-glued-together", "scanPort"},
	{"timeout-is-closed", "scanPort"}, {"refusal-is-filtered", "scanPort"}, {"local-error-is-a-verdict", "scanPort"},
}

// alsoIn are faults that can as well be said to be in the other function.
var alsoIn = []fault{{"context-ignored", "scanPort"}, {"zero-timeout-accepted", "scanPort"}}

// decoys are kinds that the lesson lists and the draft does not have.
var decoys = []string{
	"open-is-closed", "results-unlocked", "goroutines-left-behind", "answers-mixed-up", "port-truncated", "asked-again-on-failure",
}

// review is a learner's review, held against the draft.
type review struct{ right, wrong []fault }

// readReview reads the review. What is said twice counts once.
func readReview(t *check.T) review {
	var said struct {
		Fault []fault `toml:"fault"`
	}
	data, ok := t.Sources()[reviewFile]
	if !ok {
		t.Failf("%s is missing: it holds one [[fault]] for each thing that you found", reviewFile)
	}
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&said)
	var strict *toml.StrictMissingError
	var at *toml.DecodeError
	switch {
	case errors.As(err, &strict):
		t.Failf("%s: a [[fault]] has two keys, kind and in:\n%s", reviewFile, strict.String())
	case errors.As(err, &at):
		row, column := at.Position()
		t.Failf("%s:%d:%d: %v", reviewFile, row, column, at)
	case err != nil:
		t.Failf("%s: %v", reviewFile, err)
	}
	return compare(t, said.Fault)
}

func compare(t *check.T, said []fault) (r review) {
	var kinds []string
	for _, f := range said {
		switch {
		case !known(f.Kind):
			t.Failf("%s: there is no kind %q; README.md lists all of them", reviewFile, f.Kind)
		case f.In != "Scan" && f.In != "scanPort":
			t.Failf("%s: %s: in says which function of the draft it is in, \"Scan\" or \"scanPort\"", reviewFile, f.Kind)
		case slices.Contains(kinds, f.Kind):
			continue
		case slices.Contains(planted, f), slices.Contains(alsoIn, f):
			r.right = append(r.right, f)
		default:
			r.wrong = append(r.wrong, f)
		}
		kinds = append(kinds, f.Kind)
	}
	return r
}

func known(kind string) bool {
	return slices.Contains(decoys, kind) || slices.ContainsFunc(planted, func(f fault) bool { return f.Kind == kind })
}

// draftReviewScores: faults found, less faults made up.
func draftReviewScores(t *check.T, least int) {
	r := readReview(t)
	if score := len(r.right) - len(r.wrong); score < least {
		t.Failf("%s names %d faults of the draft's, and %d that it does not have there: that is %d, of at least %d",
			reviewFile, len(r.right), len(r.wrong), score, least)
	}
}

func draftReviewIsComplete(t *check.T) {
	r := readReview(t)
	if len(r.wrong) > 0 {
		var names []string
		for _, f := range r.wrong {
			names = append(names, fmt.Sprintf("%s in %s", f.Kind, f.In))
		}
		t.Failf("the draft does not have this fault there: %s", strings.Join(names, "; "))
	}
	if missing := len(planted) - len(r.right); missing > 0 {
		t.Failf("there are %d faults more to be found", missing)
	}
}
