// Package checks holds the hidden checks, one file for each exercise. They run
// in the grader's process, compiled into it: learners' code can neither read
// nor reach them. A check calls the learner's functions in the seat of a lab,
// holds the recording against the plan, and the answers against both.
//
// Two rules run through all of them. First ask, then read the evidence, then
// blame: where wire and plan disagree, check.Trace.Port ends the check before
// a learner is judged by either. And a bound in time from below is strict,
// while one from above is generous and allows for the lateness of a control
// timer, since nobody's points may hang on how busy a machine was.
package checks

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// For returns the checks of an exercise by its id; nil for an exercise that
// has none.
func For(exercise string) []check.Spec {
	switch exercise {
	case "02_echo":
		return echoChecks
	case "06_probe":
		return probeChecks
	case "07_scan":
		return scanChecks
	case "09_banner":
		return bannerChecks
	case "10_scope":
		return scopeChecks
	case "11_trace":
		return traceChecks
	case "14_halfopen":
		return halfopenChecks
	case "16_draft":
		return draftChecks
	case "15_pin":
		return pinChecks
	case "18_tool":
		return toolChecks
	}
	return nil
}

const (
	// answered is the timeout for ports that answer: it costs nothing.
	answered = 3 * time.Second
	// unanswered is the timeout for ports that do not. It is spent in full.
	// Below one second the kernel sends one SYN only (tcp(7)).
	unanswered = 300 * time.Millisecond
	// promptly is how soon a function has to react to the end of its context.
	promptly = 100 * time.Millisecond
	// settle is how long connections and descriptors may take to go away
	// after the call that opened them has returned.
	settle = 2 * time.Second
	// turns is how often a call has to wait for its turn on a busy machine: the
	// grader's timer and writer, the program's reader, timer, worker and writer,
	// and the grader's reader and caller. Each may wait as long as the control
	// timer did.
	turns = 8
)

// within tells whether d is at most limit, allowing for the lateness of timers
// during the call.
func within(d, limit time.Duration, r *drive.Reply) bool {
	return d <= limit+turns*r.Late
}

// hasEnded tells whether ctx is over: by its own word or, since a timer may be
// late, by the clock.
func hasEnded(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// requirePrompt fails the check if an answer came too long after the end of
// the call's context.
func requirePrompt(t *check.T, what string, r *drive.Reply) {
	if !within(r.After, promptly, r) {
		t.Failf("%s returned %v after its context had ended; %v is allowed", what, r.After.Round(time.Millisecond), promptly)
	}
}

// requireContextError fails the check unless the error matches the sentinel
// want, and ended, which is hasEnded right after the call, shows it to be true.
func requireContextError(t *check.T, what string, r *drive.Reply, want error, ended bool) {
	switch {
	case !ended:
		t.Failf("%s returned after %v already, before its context had ended: nothing was decided then", what, r.Took.Round(time.Millisecond))
	case r.Err == nil:
		t.Failf("%s returned no error although its context had ended: errors.Is(err, %s) has to hold", what, nameOf(want))
	case r.Err.Forged:
		t.Failf("%s returned an error that claims to match every other error", what)
	case !r.Err.Is(want):
		t.Failf("%s returned the error %q, which does not match ctx.Err(): wrap it with %%w, so that errors.Is(err, %s) holds", what, r.Err.Text, nameOf(want))
	}
}

// nameOf is how a context's error is called in Go.
func nameOf(err error) string {
	if errors.Is(err, context.Canceled) {
		return "context.Canceled"
	}
	return "context.DeadlineExceeded"
}

// eventually is await with settle.
func eventually(t *check.T, ok func() bool) bool { return await(t, settle, ok) }

// await asks until ok holds or limit has passed, and returns the last answer.
// Between two questions it waits a little: what it waits for happens in another
// process, which does not announce it.
func await(t *check.T, limit time.Duration, ok func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return ok()
		case <-t.Context().Done():
			return false
		}
	}
	return true
}

// requireTidy fails the check unless descriptors and goroutines are back at
// what they were.
func requireTidy(t *check.T, b *check.Bench, descriptors, goroutines int) {
	if !eventually(t, func() bool { return len(b.Descriptors()) <= descriptors }) {
		t.Failf("%d descriptors were open before, %d are open %v after the last call returned: something is not closed",
			descriptors, len(b.Descriptors()), settle)
	}
	if !eventually(t, func() bool { return b.Goroutines() <= goroutines }) {
		t.Failf("%d goroutines ran before, %d run %v after the last call returned: something is not waited for",
			goroutines, b.Goroutines(), settle)
	}
}

// requireAsked fails the check if one of the ports was never asked: whoever
// sends nothing keeps every promise about what is sent. It holds the wire
// against the plan for all of them first.
func requireAsked(t *check.T, tr *check.Trace, ports ...plan.Port) {
	for _, p := range ports {
		tr.Port(p)
	}
	for _, p := range ports {
		if !tr.Port(p).Asked() {
			t.Failf("port %d was never asked: no packet went there", p.Number)
		}
	}
}

// requireOneConnection fails the check if a port was asked more than once.
// Connections are counted by source port: the kernel's own repetition of a SYN
// belongs to its connection.
func requireOneConnection(t *check.T, tr *check.Trace, ports ...plan.Port) {
	for _, p := range ports {
		f := tr.Port(p)
		if n := len(f.Conversations); n > 1 {
			f.ShowBeginnings()
			t.Failf("port %d was asked by %d connections; one is enough", p.Number, n)
		}
	}
}

// requireNoStrays fails the check if anything went to a port of the target's
// that is not among those asked for.
func requireNoStrays(t *check.T, tr *check.Trace, ports ...plan.Port) {
	asked := func(a netip.AddrPort) bool {
		return slices.ContainsFunc(ports, func(p plan.Port) bool { return p.Number == a.Port() })
	}
	if strays := tr.Target.Strays(asked); len(strays) > 0 {
		t.Failf("a packet went where nobody asked for one: %s to %v", strays[0].Summary(), strays[0].Dst)
	}
}

// requireLetGo fails the check if a connection that was accepted is still held.
func requireLetGo(t *check.T, b *check.Bench) {
	var tr *check.Trace
	all := eventually(t, func() bool {
		tr = b.Trace()
		return held(tr) < 0
	})
	if all {
		return
	}
	c := tr.Target.Conversations()[held(tr)]
	tr.ShowConversation(c)
	t.Failf("the connection to port %d is still open: neither FIN nor RST was sent", c.Host.Port())
}

// held returns the index of a conversation that nobody has ended, or -1.
func held(tr *check.Trace) int {
	for i, c := range tr.Target.Conversations() {
		_, _, deciding := c.Verdict()
		if _, ended := c.Ended(); deciding != nil && !ended {
			return i
		}
	}
	return -1
}

// shorten cuts a text for a message.
func shorten(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// requireNothingSaid fails the check if one of the ports was sent data.
func requireNothingSaid(t *check.T, b *check.Bench, ports []plan.Port) {
	tr := b.Trace()
	for _, p := range ports {
		for _, c := range tr.Port(p).Conversations {
			for _, f := range c.Frames {
				if !f.Sent && f.TCP != nil && f.TCP.Payload > 0 {
					tr.ShowConversation(c)
					t.Failf("port %d was sent %d bytes, though nothing was to be said there", p.Number, f.TCP.Payload)
				}
			}
		}
	}
}
