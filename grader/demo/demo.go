// Package demo shows a newcomer what the kit is about: the reference scanner
// asks the ports of a lab, and beside each verdict stands the packet that
// decided it. Nothing is shown on trust. Each verdict is held against the wire
// and against the plan, as a learner's is, and where these differ the kit is at
// fault: nobody else's code takes part.
//
// Run makes the scan in a lab that the caller started, of whatever kind; Judge
// and Demo.String need no lab.
package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// Exercise is the exercise whose reference scans: the first that asks many
// ports at once.
const Exercise = "07_scan"

// Timeout is how long each port may take to answer. The lab answers within a
// millisecond, so that this is what a busy machine is given; it is also what
// the silent ports cost, and a newcomer waits for them.
const Timeout = 300 * time.Millisecond

// Demo is a scan, judged.
type Demo struct {
	Plan plan.Plan // with the addresses that the lab uses
	Rows []Row     // one for each TCP port of the target, by number
}

// Row is what the demo has to say of one port.
type Row struct {
	Port uint16
	// Said is the scanner's verdict; it is empty where the scanner gave none.
	Said port.Result
	// Frame says which frame decided, or that none came.
	Frame string
	// Wrong says how scanner, wire and plan disagree; "" where they agree.
	Wrong string
}

// Sound tells whether scanner, wire and plan agree on every port. Where they do
// not, the kit is at fault.
func (d Demo) Sound() bool {
	return !slices.ContainsFunc(d.Rows, func(r Row) bool { return r.Wrong != "" })
}

// Judge holds the scanner's results against what was recorded at the target and
// against the plan that the target played.
func Judge(p plan.Plan, results []port.Result, target *wire.Trace) Demo {
	d := Demo{Plan: p}
	for _, q := range tcpPorts(p.Target) {
		d.Rows = append(d.Rows, judge(q, resultOf(results, q.Number), target.To(q.Number)))
	}
	return d
}

// tcpPorts returns the host's TCP ports by number.
func tcpPorts(h plan.Host) []plan.Port {
	ports := slices.DeleteFunc(slices.Clone(h.Ports), func(p plan.Port) bool { return p.Proto != plan.TCP })
	slices.SortFunc(ports, func(a, b plan.Port) int { return cmp.Compare(a.Number, b.Number) })
	return ports
}

// resultOf returns the result for a port; it is empty where there is none.
func resultOf(results []port.Result, number uint16) port.Result {
	for _, r := range results {
		if r.Port == number {
			return r
		}
	}
	return port.Result{}
}

// judge looks at every conversation with the port, and shows the first that
// differs from the plan: the others are what was to be expected.
func judge(q plan.Port, said port.Result, talks []wire.Conversation) Row {
	row := Row{Port: q.Number, Said: said, Frame: "no SYN came to this port"}
	row.Wrong = "the scanner never asked this port"
	asked := false
	for _, c := range talks {
		state, reason, frame := c.Verdict()
		if state == "" {
			continue // no SYN began it
		}
		wrong := disagreement(q, said, check.Finding{State: state, Reason: reason})
		if !asked || wrong != "" {
			row.Frame, row.Wrong = describe(frame, c.RTT()), wrong
		}
		if wrong != "" {
			return row
		}
		asked = true
	}
	return row
}

// disagreement says how plan, wire and scanner differ; "" where they agree. The
// scanner may put into connect(2)'s words what the wire puts more precisely.
func disagreement(q plan.Port, said port.Result, seen check.Finding) string {
	switch {
	case seen.State != q.State() || seen.Reason != q.Reason():
		return fmt.Sprintf("the plan says %s (%s), the wire shows %s (%s)", q.State(), q.Reason(), seen.State, seen.Reason)
	case said.State == "":
		return "the scanner gave no verdict"
	case !seen.ByConnect().Allows(said):
		return fmt.Sprintf("the scanner says %s (%s), right by plan and wire is %s", said.State, said.Reason, seen.ByConnect())
	}
	return ""
}

// describe says what the deciding frame is, and how soon it came; nil is none.
func describe(f *wire.Frame, after time.Duration) string {
	if f == nil {
		return fmt.Sprintf("nothing came back within %d ms", Timeout.Milliseconds())
	}
	return fmt.Sprintf("#%d %s, %.3f ms after the SYN", f.Number, f.Summary(), float64(after)/float64(time.Millisecond))
}
