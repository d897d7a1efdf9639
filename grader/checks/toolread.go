package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// toolRun is a run of the tool and what it printed.
type toolRun struct {
	command check.Command
	ended   drive.Ended
	rows    []toolRow // as the check has read them
}

// toolRow is what the tool says of a port: a line of JSON, or a row of the table.
type toolRow struct {
	Host    string      `json:"host"`
	Port    uint16      `json:"port"`
	State   port.State  `json:"state"`
	Reason  port.Reason `json:"reason"`
	RTT     float64     `json:"rtt_ms"`
	Banner  string      `json:"banner"`
	Service string      `json:"service"`
}

// done runs the tool and fails the check unless it says that all went well.
func done(t *check.T, b *check.Bench, c check.Command) toolRun {
	run := toolRun{command: c, ended: b.Run(c)}
	if run.ended.Code != statusDone {
		t.Failf("%s ended with exit status %d, not %d\nstderr: %q", c.Says, run.ended.Code, statusDone, shorten(run.ended.Stderr))
	}
	return run
}

// listed is done, for a run with -json whose lines it reads.
func listed(t *check.T, b *check.Bench, c check.Command) toolRun {
	run := done(t, b, c)
	run.rows = jsonLines(t, run)
	return run
}

// refused runs the tool and fails the check unless it ends with one of the exit
// statuses, says why on stderr, and prints no results.
func refused(t *check.T, b *check.Bench, c check.Command, statuses ...int) toolRun {
	run := toolRun{command: c, ended: b.Run(c)}
	switch {
	case !slices.Contains(statuses, run.ended.Code):
		t.Failf("%s ended with exit status %d, not %d\nstderr: %q", c.Says, run.ended.Code, statuses[0], shorten(run.ended.Stderr))
	case strings.TrimSpace(run.ended.Stderr) == "":
		t.Failf("%s ended with exit status %d and not a word on stderr about why", c.Says, run.ended.Code)
	case run.ended.Stdout != "":
		t.Failf("%s printed to stdout, %q, though it has no results", c.Says, shorten(run.ended.Stdout))
	}
	return run
}

// columns are the heads of the table.
var columns = []string{"PORT", "STATE", "REASON", "SERVICE"}

// table reads the table that a run printed: a row for each port below the heads
// of the columns, up to a line that does not begin with a port.
func table(t *check.T, run toolRun) []toolRow {
	lines := strings.Split(run.ended.Stdout, "\n")
	head := slices.IndexFunc(lines, func(l string) bool { return slices.Equal(strings.Fields(l), columns) })
	if head < 0 {
		t.Failf("there is no table on stdout: no line says %s\nstdout: %q", strings.Join(columns, " "), shorten(run.ended.Stdout))
	}
	var rows []toolRow
	for _, l := range lines[head+1:] {
		row, ok := tableRow(l)
		if !ok {
			break
		}
		rows = append(rows, row)
	}
	return rows
}

// tableRow reads "22/tcp  OPEN  syn-ack  ssh"; the protocol and the service may
// be left out.
func tableRow(line string) (toolRow, bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return toolRow{}, false
	}
	number, err := strconv.ParseUint(strings.TrimSuffix(fields[0], "/tcp"), 10, 16)
	if err != nil {
		return toolRow{}, false
	}
	return toolRow{
		Port: uint16(number), State: port.State(fields[1]), Reason: port.Reason(fields[2]), Service: strings.Join(fields[3:], " "),
	}, true
}

// jsonLines reads the lines of JSON that a run printed. Each has every field of
// the contract; more than those do no harm.
func jsonLines(t *check.T, run toolRun) []toolRow {
	var rows []toolRow
	for l := range bytes.Lines([]byte(run.ended.Stdout)) {
		var row toolRow
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(l, &fields); err != nil {
			t.Failf("%s printed a line that is no JSON object: %q", run.command.Says, shorten(string(l)))
		}
		for _, name := range []string{"host", "port", "state", "reason", "rtt_ms", "banner", "service"} {
			if _, ok := fields[name]; !ok {
				t.Failf("%s printed a line without %q: %q", run.command.Says, name, shorten(string(l)))
			}
		}
		if err := json.Unmarshal(l, &row); err != nil {
			t.Failf("%s printed a line that is not of the form in contract.go (%v): %q", run.command.Says, err, shorten(string(l)))
		}
		rows = append(rows, row)
	}
	return rows
}

// row returns what was said of a port.
func (run toolRun) row(number uint16) (toolRow, bool) {
	i := slices.IndexFunc(run.rows, func(r toolRow) bool { return r.Port == number })
	if i < 0 {
		return toolRow{}, false
	}
	return run.rows[i], true
}

// requireAll fails the check unless each of the ports has its row, and they are
// sorted. All evidence comes first: it may end the check.
func (run toolRun) requireAll(t *check.T, b *check.Bench, ports []plan.Port) *check.Trace {
	tr := b.Trace()
	for _, p := range ports {
		tr.Port(p)
	}
	for _, p := range ports {
		if _, ok := run.row(p.Number); !ok {
			tr.Port(p).Show()
			t.Failf("%s says nothing of port %d", run.command.Says, p.Number)
		}
	}
	if len(run.rows) != len(ports) {
		t.Failf("%s was asked about %s, and printed %d", run.command.Says, counted(len(ports), "port"), len(run.rows))
	}
	if !slices.IsSortedFunc(run.rows, func(a, b toolRow) int { return int(a.Port) - int(b.Port) }) {
		t.Failf("%s printed the ports in no order; they come sorted", run.command.Says)
	}
	return tr
}

// requireVerdicts is requireAll, and holds each verdict against the wire.
func (run toolRun) requireVerdicts(t *check.T, b *check.Bench, ports []plan.Port) {
	tr := run.requireAll(t, b, ports)
	for _, p := range ports {
		run.requireVerdict(t, tr.Port(p), p)
	}
}

// requireVerdict holds what was said of a port against the wire.
func (run toolRun) requireVerdict(t *check.T, f check.Finding, p plan.Port) {
	got, ok := run.row(p.Number)
	if !ok {
		f.Show()
		t.Failf("%s says nothing of port %d", run.command.Says, p.Number)
	}
	said := fmt.Sprintf("%s says that port %d is %s (%s)", run.command.Says, p.Number, orNothing(string(got.State)), orNothing(string(got.Reason)))
	f.Require(check.Verdict{Said: said, Got: port.Result{Port: got.Port, State: got.State, Reason: got.Reason}, Want: f.ByConnect()})
}

// requireTimes holds the time that was said of a port against what it can be.
func (run toolRun) requireTimes(t *check.T, f check.Finding, p plan.Port) {
	got, _ := run.row(p.Number)
	took := float64(run.ended.Took) / float64(time.Millisecond)
	switch {
	case f.Reason == port.NoResponse && got.RTT != 0:
		t.Failf("port %d never answered; its rtt_ms is %v, not 0", p.Number, got.RTT)
	case p.Behaviour.Accepts() && (got.RTT <= 0 || got.RTT > took):
		t.Failf("port %d is open; its rtt_ms is %v, and the whole run took %.0f ms", p.Number, got.RTT, took)
	}
}

// requireNothingAsked fails the check if a TCP port of the target's was sent
// anything so far, save for questions of its DNS server.
func requireNothingAsked(t *check.T, b *check.Bench, when string) {
	tr := b.Trace()
	for _, c := range tr.Target.Conversations() {
		if c.Host.Port() != 53 {
			tr.ShowConversation(c)
			t.Failf("port %d was sent a packet, %s", c.Host.Port(), when)
		}
	}
}

// awaitAnswers waits until those ports have answered whose answers come, those
// that stay silent have been asked, and the program has had time to notice.
func awaitAnswers(t *check.T, b *check.Bench, answering, silent []plan.Port) {
	const notice = 200 * time.Millisecond
	ready := await(t, busy, func() bool {
		tr := b.Trace()
		for _, p := range slices.Concat(answering, silent) {
			f := tr.Port(p)
			if !f.Asked() || !slices.Contains(silent, p) && !f.DecidedBefore(time.Now().Add(-notice)) {
				return false
			}
		}
		return held(tr) < 0
	})
	if !ready {
		requireAsked(t, b.Trace(), slices.Concat(answering, silent)...)
		requireLetGo(t, b)
		t.Failf("%v after its start netprobe had not asked its few ports", busy)
	}
}
