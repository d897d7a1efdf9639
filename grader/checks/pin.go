package checks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"

	"wirelab/grader/check"
	"wirelab/grader/mutants"
	"wirelab/grader/scanners"
	"wirelab/labenv/plan"
)

// pinChecks grade a test. What the learner's test says of a scanner is the only
// evidence there is: the checks look at no packets of their own.
var pinChecks = []check.Spec{
	{ID: "passes-correct-scanners", Waits: 2 * unanswered, Run: pinPassesCorrectScanners},
	{ID: "uses-no-sleep", Run: pinUsesNoSleep},
	{ID: "pins-states", Run: func(t *check.T) { catch(t, "scanners with wrong states") }},
	{ID: "pins-each-port", Run: pinPinsEachPort},
	{ID: "pins-order-and-number", Run: func(t *check.T) { catch(t, "scanners that lose order or number") }},
	{ID: "pins-the-packets", Run: pinPinsThePackets},
	{ID: "pins-the-error", Run: func(t *check.T) { catch(t, "scanners with an error beside the answers") }},
}

// meetings is how often each correct scanner is met: a test that needs luck is
// found out.
const meetings = 5

// The ports that the lesson asks to pin lie between these.
const firstPinned, lastPinned = 9001, 9009

// practice is the practice lab with a neighbour that looks like the target: who
// scans the wrong host gets the right answers.
func practice() plan.Plan {
	p := plan.Practice()
	p.Neighbour.Ports = nil
	for _, q := range p.Target.Ports {
		if q.Proto == plan.TCP && q.Number >= firstPinned && q.Number <= lastPinned {
			p.Neighbour.Ports = append(p.Neighbour.Ports, q)
		}
	}
	return p
}

// pinPassesCorrectScanners: a test that fails for what is right is thrown away,
// and with it all that it would have caught.
func pinPassesCorrectScanners(t *check.T) {
	var trials []check.Trial
	for range t.Meetings(meetings) {
		for _, name := range scanners.Correct() {
			trials = append(trials, check.Trial{Scanner: name, Plan: practice()})
		}
	}
	passed := 0
	tried := t.Try(trials...)
	for _, r := range tried {
		if r.Accepted() {
			passed++
		}
	}
	for _, r := range tried {
		says := fmt.Sprintf("your test does not pass on a correct scanner (%s)", scanners.Describe(r.Scanner))
		if passed > 0 && passed < len(tried) {
			says = fmt.Sprintf("your test needs luck: it passes %d of %d times on correct scanners, and here (%s) it does not", passed, len(tried), scanners.Describe(r.Scanner))
		}
		t.RequireAccepted(r, says)
	}
}

// pinUsesNoSleep: whoever sleeps waits too long on a fast machine, and not long
// enough on a slow one. Assert.Eventually is no sleep, and Trace needs none.
func pinUsesNoSleep(t *check.T) {
	files := t.Sources()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, name, files[name], parser.SkipObjectResolution)
		if err != nil {
			t.Broken(fmt.Errorf("%s compiled, and cannot be read: %w", name, err))
		}
		if at := sleeps(parsed); at.IsValid() {
			t.Failf("%s:%d sleeps: wait for what you are waiting for instead", name, set.Position(at).Line)
		}
	}
}

// sleeps returns where a file calls, or takes hold of, time.Sleep.
func sleeps(file *ast.File) (at token.Pos) {
	name := "time"
	for _, i := range file.Imports {
		if i.Path.Value == `"time"` && i.Name != nil {
			name = i.Name.Name
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == name && n.Sel.Name == "Sleep" {
				at = n.Pos()
			}
		case *ast.Ident:
			if name == "." && n.Name == "Sleep" {
				at = n.Pos()
			}
		}
		return !at.IsValid()
	})
	return at
}

// catch tries the test on the wrong scanners that name this check.
func catch(t *check.T, what string) { t.RequireCaught(what, wrong(t)...) }

// wrong returns trials of the wrong scanners that name this check.
func wrong(t *check.T) []check.Trial {
	all, err := scanners.Wrong()
	if err != nil {
		t.Broken(err)
	}
	all = slices.DeleteFunc(all, func(m mutants.Mutant) bool { return !slices.Contains(m.KilledBy, t.Name()) })
	if len(all) == 0 {
		t.Broken(fmt.Errorf("no scanner is meant for the check %s", t.Name()))
	}
	var trials []check.Trial
	for _, m := range all {
		trials = append(trials, check.Trial{Scanner: m.Name, Plan: practice(), Flaw: m.Reason})
	}
	return trials
}

// pinPinsEachPort flips the pinned ports, one at a time: the scanner is right,
// and what it says is not what the lab's table says.
func pinPinsEachPort(t *check.T) {
	var trials []check.Trial
	for number := uint16(firstPinned); number <= lastPinned; number++ {
		p := practice()
		for i, q := range p.Target.Ports {
			if q.Number != number || q.Proto != plan.TCP {
				continue
			}
			was := q.State()
			p.Target.Ports[i] = flipped(q)
			trials = append(trials, check.Trial{
				Scanner: scanners.Correct()[0], Plan: p,
				Flaw: fmt.Sprintf("port %d is %s where it should be %s", number, p.Target.Ports[i].State(), was),
			})
		}
	}
	t.RequireCaught("labs with a port that has changed", trials...)
}

// flipped returns the port in another state.
func flipped(p plan.Port) plan.Port {
	if p.Behaviour == plan.Closed {
		return plan.Port{Number: p.Number, Proto: p.Proto, Behaviour: plan.Echo}
	}
	return plan.Port{Number: p.Number, Proto: p.Proto, Behaviour: plan.Closed}
}

// pinPinsThePackets: right answers can come from anywhere. That they came from
// the target's ports, the packets tell.
func pinPinsThePackets(t *check.T) {
	trials := append(wrong(t),
		check.Trial{Scanner: scanners.Correct()[0], Plan: practice(), Drop: func(sent bool) bool { return sent },
			Flaw: "the target never sent a packet, and the answers are right all the same"},
		check.Trial{Scanner: scanners.Correct()[0], Plan: practice(), Drop: func(bool) bool { return true },
			Flaw: "not one packet was captured, and the answers are right all the same"},
		check.Trial{Scanner: scanners.Correct()[0], Plan: practice(), Elsewhere: true,
			Flaw: "the neighbour answered in the target's place"})
	t.RequireCaught("answers that the target's packets do not bear out", trials...)
}
