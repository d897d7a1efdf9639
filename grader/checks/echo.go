package checks

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// echoChecks are the checks of 02_echo. The target plays the clients, and what
// they report is held against its recording before anybody is blamed.
var echoChecks = []check.Spec{
	{ID: "echoes-every-byte", Evidence: check.Packets, Run: echoEveryByte},
	{ID: "answers-before-the-end", Evidence: check.Packets, Run: echoAnswersBeforeTheEnd},
	{ID: "serves-many-at-once", Evidence: check.Packets, Waits: stuckAfter, Run: echoManyAtOnce},
	{ID: "half-close-gets-the-rest", Evidence: check.Packets, Run: echoHalfClose},
	{ID: "reset-harms-nobody", Evidence: check.Packets, Run: echoResets},
	{ID: "context-ends-it", Evidence: check.Packets, Waits: stuckAfter, Run: echoContextEndsIt},
	{ID: "listener-closed-is-an-error", Evidence: check.Packets, Run: echoListenerClosed},
	{ID: "survives-temporary-errors", Evidence: check.Packets, Waits: 3 * failing, Run: echoTemporaryErrors},
	{ID: "wait-can-be-ended", Evidence: check.Packets, Waits: backedOff, Run: echoWaitCanBeEnded},
	{ID: "leaves-nothing-open", Evidence: check.Packets, Waits: stuckAfter, Run: echoLeavesNothingOpen},
}

const (
	// stuckAfter is how long a client that does not read tries to send on.
	stuckAfter = 200 * time.Millisecond
	// failing is how long Accept fails before it works again.
	failing = 200 * time.Millisecond
	// tooOften is more often than a server that waits at all, if only a
	// millisecond, tries again in that time.
	tooOften = 5000
	// backedOff is how long a server may take to try Accept again eight times.
	backedOff = 1500 * time.Millisecond
	// recordable bytes, then a pause, are what the recording keeps up with.
	recordable = 64 << 10
	pace       = 4 * time.Millisecond
	// patient is how long a client waits for an echo. It is shorter than the
	// lab's default, since many a wrong server lets it wait in vain.
	patient = 5 * time.Second
)

// echo is one call of Serve in the learner's program.
type echo struct {
	t    *check.T
	b    *check.Bench
	addr netip.AddrPort
}

// serveEcho has the learner's program serve at one of the seat's addresses.
func serveEcho(t *check.T, b *check.Bench, at netip.Addr) *echo {
	return beginEcho(t, b, at, check.Call{Method: "Start", Args: []any{at, false}, Says: fmt.Sprintf("Serve(ctx, a listener at %v)", at)})
}

// beginEcho makes a call of the driver's that starts Serve.
func beginEcho(t *check.T, b *check.Bench, at netip.Addr, c check.Call) *echo {
	r := b.Call(c)
	var port uint16
	if r.Err != nil {
		t.Broken(fmt.Errorf("listen in the seat: %w", r.Err))
	}
	decode(t, r, &port)
	return &echo{t, b, netip.AddrPortFrom(at, port)}
}

func decode(t *check.T, r *drive.Reply, v any) {
	if err := r.Decode(0, v); err != nil {
		t.Broken(err)
	}
}

// call makes a call that is about this server.
func (e *echo) call(method, says string, args ...any) *drive.Reply {
	return e.b.Call(check.Call{Method: method, Args: append([]any{e.addr.Port()}, args...), Says: says})
}

// client calls the server.
func (e *echo) client(send int64, then plan.Finally) plan.Client {
	return plan.Client{To: e.addr, Send: send, Seed: e.t.Draft().Rand().Uint64(), Finally: then, Patience: patient}
}

// converse plays clients, then makes sure that Serve still runs: a crash or an
// early return explains whatever the clients saw.
func (e *echo) converse(clients ...plan.Client) []plan.Talk {
	talks := e.b.Converse(clients...)
	e.requireRunning()
	return talks
}

// running tells whether Serve has not returned yet; the reply has its error if it
// has.
func (e *echo) running() (running bool, r *drive.Reply) {
	r = e.call("Running", "Serve, to see whether it still runs")
	decode(e.t, r, &running)
	return running, r
}

func (e *echo) requireRunning() {
	switch running, r := e.running(); {
	case running:
	case r.Err != nil:
		e.b.Trace()
		e.t.Failf("Serve returned the error %q, though nothing was wrong with its listener and its context had not ended", r.Err.Text)
	default:
		e.b.Trace()
		e.t.Failf("Serve returned nil, though its context had not ended")
	}
}

// requireEcho fails the check unless a client got back what it sent, and the
// end that it waited for.
func (e *echo) requireEcho(c plan.Client, talk plan.Talk, sent int64) {
	switch {
	case talk.Outcome == plan.Failed:
		e.t.Broken(fmt.Errorf("a client: %s", talk.Why))
	case talk.Differs >= 0 && talk.Differs < sent:
		e.blame(talk, "byte %d that came back is not the one that was sent", talk.Differs+1)
	case talk.Received > sent:
		e.blame(talk, "a client sent %d bytes, and %d came back", sent, talk.Received)
	case talk.Received < sent:
		e.blame(talk, "a client sent %d bytes%s, and %d came back%s", talk.Sent, meanwhile(c), talk.Received, because(talk))
	case talk.Outcome == plan.Waited:
		e.blame(talk, "all came back, but no FIN followed for %v, though the client had closed its side", patient)
	case talk.Outcome == plan.WasReset:
		e.blame(talk, "the conversation was ended with RST, where FIN was due")
	case c.Finally == plan.Keep && talk.Outcome != plan.Done:
		e.blame(talk, "the server ended the conversation, though the client had not%s", because(talk))
	}
}

// meanwhile says how the client sent.
func meanwhile(c plan.Client) string {
	if c.InTurn {
		return ", each piece after the echo of the one before"
	}
	return ""
}

// because says how a conversation ended.
func because(talk plan.Talk) string {
	switch talk.Outcome {
	case plan.Ended:
		return ": then the server sent FIN"
	case plan.WasReset:
		return ": the server reset the connection"
	case plan.Refused:
		return ": the connection was refused"
	case plan.Waited:
		return fmt.Sprintf(": then nothing for %v", talk.Quiet.Round(time.Millisecond))
	}
	return ""
}

// blame fails the check with the frames of the conversation, once the recording
// has it as the client tells it.
func (e *echo) blame(talk plan.Talk, format string, args ...any) {
	tr := e.b.Trace()
	if talk.Addr.IsValid() {
		c, ok := recorded(tr, e.addr, talk)
		if !ok {
			e.t.Broken(fmt.Errorf("the client at %v tells of a conversation that is not recorded: this run proves nothing", talk.Addr))
		}
		tr.ShowConversation(c)
	}
	e.t.Failf(format, args...)
}

// recorded returns a client's conversation, if what it received in it can have
// come from the wire.
func recorded(tr *check.Trace, server netip.AddrPort, talk plan.Talk) (wire.Conversation, bool) {
	for _, c := range tr.Target.To(talk.Addr.Port()) {
		var came int64
		for _, f := range c.Frames {
			if !f.Sent && f.TCP != nil {
				came += int64(f.TCP.Payload)
			}
		}
		if c.Peer == server && came >= talk.Received {
			return c, true
		}
	}
	return wire.Conversation{}, false
}

// echoEveryByte: the echo protocol (RFC 862) over a stream (RFC 9293, 3.8), on
// either address family.
func echoEveryByte(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	rng := t.Draft().Rand()
	e := serveEcho(t, b, b.Seat())
	for _, size := range []int64{1, 2 + rng.Int64N(1000), 4096, 32<<10 + 1 + rng.Int64N(1000), 1<<20 + rng.Int64N(1000), 8 << 20} {
		c := e.client(size, plan.Keep)
		c.Piece, c.Pace = recordable, pace
		talk := e.converse(c)[0]
		e.requireEcho(c, talk, size)
		// It leaves; what the server makes of that is another check's.
		b.Converse(plan.Client{Resume: talk.Kept, Finally: plan.HalfClose, Patience: stuckAfter})
	}
	six := serveEcho(t, b, b.Seat6())
	c := six.client(100_000, plan.Keep)
	six.requireEcho(c, six.converse(c)[0], c.Send)
}

// echoAnswersBeforeTheEnd: a receiver hands over what it has, a sender need not
// be done (RFC 9293, 3.9.1.3); what comes in pieces is answered in pieces.
func echoAnswersBeforeTheEnd(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	drip := e.client(30, plan.Keep)
	drip.Piece, drip.InTurn = 1, true
	pieces := e.client(20_000, plan.Keep)
	pieces.Piece, pieces.InTurn = 700+t.Draft().Rand().IntN(600), true
	slow := e.client(40, plan.Keep)
	slow.Piece, slow.Pace = 1, 5*time.Millisecond
	clients := []plan.Client{drip, pieces, slow}
	for i, talk := range e.converse(clients...) {
		e.requireEcho(clients[i], talk, clients[i].Send)
	}
}

// stuckSize is more than all buffers between a client that does not read and a
// server that writes to it hold.
const stuckSize = 2 << 20

// stalled has clients begin to stall: one says a little and then nothing, one
// nothing at all, one sends and does not read, so that the server's Write waits.
func (e *echo) stalled() (quiet, mute, deaf plan.Talk, deafSize int64) {
	a, b, c := e.client(10, plan.Keep), e.client(0, plan.Keep), e.client(stuckSize, plan.Keep)
	c.Deaf, c.Patience = true, stuckAfter
	talks := e.converse(a, b, c)
	e.requireEcho(a, talks[0], a.Send)
	e.requireEcho(b, talks[1], 0)
	if talks[2].Outcome != plan.Done {
		e.blame(talks[2], "the server ended the conversation with a client that sends and does not read yet%s", because(talks[2]))
	}
	return talks[0], talks[1], talks[2], c.Send
}

// echoManyAtOnce: listen(2) and a goroutine each. The stalled clients are
// answered in the end: nothing of theirs may have got lost, or come from others.
func echoManyAtOnce(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	quiet, _, deaf, size := e.stalled()
	many := make([]plan.Client, 200)
	for i := range many {
		many[i] = e.client(1000+t.Draft().Rand().Int64N(30_000), plan.Keep)
	}
	talks := e.converse(many...)
	for i, talk := range talks {
		e.requireEcho(many[i], talk, many[i].Send)
	}
	on := []plan.Client{
		{Resume: deaf.Kept, Send: size - deaf.Sent, Finally: plan.Finish, Patience: patient},
		{Resume: quiet.Kept, Send: 5000, Finally: plan.Finish, Patience: patient},
	}
	ends := e.converse(on...)
	e.requireEcho(on[0], ends[0], size)
	e.requireEcho(on[1], ends[1], quiet.Sent+5000)
}

// echoHalfClose: a FIN closes one direction only (RFC 9293, 3.6).
func echoHalfClose(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	clients := []plan.Client{
		e.client(1, plan.HalfClose), e.client(0, plan.HalfClose),
		e.client(20_000+t.Draft().Rand().Int64N(5000), plan.HalfClose), e.client(1<<20, plan.HalfClose),
	}
	slow := e.client(300_000, plan.HalfClose)
	slow.Delay = 100 * time.Millisecond
	clients = append(clients, slow)
	for i := range clients {
		clients[i].Piece, clients[i].Pace = recordable, pace
	}
	for i, talk := range e.converse(clients...) {
		e.requireEcho(clients[i], talk, clients[i].Send)
	}
}

// echoResets: a RST ends its own connection (RFC 9293, 3.5.3), as ECONNRESET or
// EPIPE.
func echoResets(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	stays := e.client(1000, plan.Keep)
	kept := e.converse(stays)[0]
	e.requireEcho(stays, kept, stays.Send)
	var clients []plan.Client
	for i := range 24 {
		c := e.client(20_000, plan.Finish)
		if i%2 == 0 {
			c = e.client([]int64{0, 1, 50_000, 400_000}[i/2%4], plan.Abort)
			c.Deaf = i%3 == 0
		}
		clients = append(clients, c)
	}
	for i, talk := range e.converse(clients...) {
		if clients[i].Finally == plan.Finish {
			e.requireEcho(clients[i], talk, clients[i].Send)
		}
	}
	last := []plan.Client{{Resume: kept.Kept, Send: 5000, Finally: plan.Finish, Patience: patient}, e.client(5000, plan.Finish)}
	talks := e.converse(last...)
	e.requireEcho(last[0], talks[0], stays.Send+5000)
	e.requireEcho(last[1], talks[1], last[1].Send)
}

// requireStopped ends Serve's context and fails the check unless it returned
// nil, promptly, and nobody is listened to any more.
func (e *echo) requireStopped(whose string) {
	r := e.call("Cancel", "cancel, and waited for Serve")
	e.b.Trace()
	switch {
	case r.Err != nil:
		e.t.Failf("Serve returned the error %q when its context had ended; to be asked to stop is no failure: nil", r.Err.Text)
	case !within(r.Took, promptly, r):
		e.t.Failf("Serve returned %v after its context had ended%s; %v is allowed", r.Took.Round(time.Millisecond), whose, promptly)
	}
	e.requireClosed("its context had ended")
}

// requireClosed fails the check if the listener still accepts.
func (e *echo) requireClosed(after string) {
	talk := e.b.Converse(plan.Client{To: e.addr, Finally: plan.Remain, Patience: stuckAfter})[0]
	if talk.Outcome != plan.Refused && talk.Addr.IsValid() {
		e.blame(talk, "a client was still accepted after Serve had returned because %s: the listener is not closed", after)
	}
}

// echoContextEndsIt: package context; close(2) of what is open sends FIN, or
// RST where bytes were not read (RFC 2525, 2.17). Either will do.
func echoContextEndsIt(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	quiet, mute, deaf, _ := e.stalled()
	e.requireStopped(", with clients that stall")
	on := []plan.Client{
		{Resume: quiet.Kept, Finally: plan.Remain, Patience: settle}, {Resume: mute.Kept, Finally: plan.Remain, Patience: settle},
		{Resume: deaf.Kept, Finally: plan.Remain, Patience: settle},
	}
	for _, talk := range b.Converse(on...) {
		if talk.Outcome == plan.Waited {
			e.blame(talk, "a conversation is still open %v after Serve has returned: neither FIN nor RST was sent", settle)
		}
	}
	begun := beginEcho(t, b, b.Seat(), check.Call{
		Method: "Start", Args: []any{b.Seat(), true}, Says: "Serve(a context that has ended, a listener)",
	})
	begun.requireStopped(" before it was called")
	idle := serveEcho(t, b, b.Seat())
	idle.requireStopped(", without a client")
}

// echoListenerClosed: net.Listener, Close; accept(2), EINVAL.
func echoListenerClosed(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat())
	c := e.client(1000, plan.Finish)
	e.requireEcho(c, e.converse(c)[0], c.Send)
	r := e.call("Close", "the listener's Close, and waited for Serve")
	b.Trace()
	switch {
	case r.Err == nil:
		t.Failf("Serve returned nil though somebody else had closed its listener: errors.Is(err, net.ErrClosed) has to hold")
	case r.Err.Forged:
		t.Failf("Serve returned an error that claims to match every other error")
	case !r.Err.Is(net.ErrClosed):
		t.Failf("Serve returned the error %q when its listener had been closed, which does not match net.ErrClosed: wrap it with %%w", r.Err.Text)
	}
	broken := e.failing(syscall.EINVAL)
	r = broken.call("End", "Serve, to wait for it")
	b.Trace()
	if r.Err == nil || !errors.Is(r.Err, syscall.EINVAL) {
		t.Explain(fmt.Sprintf("Serve returned %v", r.Err), "an error that matches syscall.EINVAL", "")
		t.Failf("Accept failed with EINVAL, which does not pass: that error ends Serve")
	}
	broken.requireClosed("Accept had failed for good")
}

// failing has Serve called with a listener whose Accept fails.
func (e *echo) failing(errno syscall.Errno) *echo {
	return beginEcho(e.t, e.b, e.b.Seat(), check.Call{
		Method: "Failing", Args: []any{e.b.Seat(), int(errno)}, Says: fmt.Sprintf("Serve(ctx, a listener whose Accept fails with %q)", errno),
	})
}

// echoTemporaryErrors: accept(2), ERRORS. A client that called meanwhile is
// served as soon as Accept works again.
func echoTemporaryErrors(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	ok := serveEcho(t, b, b.Seat())
	for _, errno := range []syscall.Errno{
		syscall.ECONNABORTED, syscall.EINTR, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	} {
		e := ok.failing(errno)
		e.call("Await", "Accept, and waited for it to fail twice", 2, failing)
		e.requireRunningAfter(errno)
		c := e.client(1000, plan.Finish)
		e.call("Heal", "the listener, to work again")
		e.requireEcho(c, e.converse(c)[0], c.Send)
	}
	ok.requireNoSpinning(syscall.EMFILE)
}

func (e *echo) requireRunningAfter(errno syscall.Errno) {
	if running, _ := e.running(); !running {
		e.b.Trace()
		e.t.Failf("Accept failed with %q, which passes, and Serve returned", errno)
	}
}

// requireNoSpinning counts how often Accept is tried while it fails.
func (e *echo) requireNoSpinning(errno syscall.Errno) {
	f := e.failing(errno)
	r := f.call("Await", "Accept, and waited while it failed", tooOften, failing)
	var failed int
	decode(e.t, r, &failed)
	if failed >= tooOften {
		e.b.Trace()
		e.t.Failf("Accept failed with %q, and was tried %d times within %v: wait a few milliseconds between tries", errno, failed, r.Took.Round(time.Millisecond))
	}
	if failed == 0 {
		e.b.Trace()
		e.t.Failf("Accept was not called within %v", failing)
	}
}

// echoWaitCanBeEnded: a server that waits ever longer between tries is asked
// to stop when its wait has grown.
func echoWaitCanBeEnded(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	e := serveEcho(t, b, b.Seat()).failing(syscall.EMFILE)
	e.call("Await", "Accept, and waited for it to fail 8 times", 8, backedOff)
	e.requireRunningAfter(syscall.EMFILE)
	e.requireStopped(", while Accept was failing")
}

// echoLeavesNothingOpen: descriptors counted from outside, goroutines by Go's
// runtime, first while Serve runs and its clients have gone, then after it. The
// first call, which opens what Go's poller needs, does not count.
func echoLeavesNothingOpen(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	first := serveEcho(t, b, b.Seat())
	c := first.client(1000, plan.Finish)
	first.requireEcho(c, first.converse(c)[0], c.Send)
	first.requireStopped("")
	collect := func() { b.Call(check.Call{Method: "Collect", Says: "the garbage collector"}) }
	collect()
	before, goroutines := len(b.Descriptors()), b.Goroutines()

	e := serveEcho(t, b, b.Seat())
	c = e.client(1000, plan.Finish)
	e.requireEcho(c, e.converse(c)[0], c.Send)
	running := 0
	collect()
	if !eventually(t, func() bool { running = len(b.Descriptors()); return running <= before+1 }) {
		t.Failf("%d descriptors were open before Serve was called, %d are open once its only client has gone: the listener is one, and something is not closed", before, running)
	}
	serving := b.Goroutines()
	var clients []plan.Client
	for i := range 40 {
		then := []plan.Finally{plan.Finish, plan.HalfClose, plan.Abort}[i%3]
		clients = append(clients, e.client(5000, then))
	}
	e.converse(clients...)
	collect()
	requireTidy(t, b, before+1, serving)
	e.stalled()
	r := e.call("Cancel", "cancel, and waited for Serve")
	if r.Err != nil {
		e.t.Step("Serve returned the error %q", r.Err.Text)
	}
	collect()
	requireTidy(t, b, before, goroutines)
}
