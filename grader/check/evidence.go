package check

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"wirelab/exercises/port"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// Trace is what the lab recorded, complete up to the moment at which it was
// asked for.
type Trace struct {
	Target, Neighbour *wire.Trace

	bench *Bench
	raw   labenv.Captures
}

// Trace returns the evidence up to now. Without sound evidence the check ends
// in error.
func (b *Bench) Trace() *Trace {
	raw, err := b.lab.Captures(b.t.ctx)
	if err != nil {
		b.t.Broken(fmt.Errorf("the evidence: %w", err))
	}
	tr := &Trace{bench: b, raw: raw}
	var errs [2]error
	tr.Target, errs[0] = wire.Read(raw.Target, raw.Sync)
	tr.Neighbour, errs[1] = wire.Read(raw.Neighbour, raw.Sync)
	if err := errors.Join(errs[:]...); err != nil {
		b.t.Broken(fmt.Errorf("the evidence: %w", err))
	}
	b.t.keep(raw)
	if !raw.Complete {
		b.t.Failf("your program sent so much that the recording could not keep up (%s)", raw.Why)
	}
	return tr
}

// keep stores the recording for the learner.
func (t *T) keep(c labenv.Captures) {
	if err := t.store(c); err != nil {
		t.Broken(err)
	}
}

func (t *T) store(c labenv.Captures) error { return t.keepFile(c.Target) }

// Show keeps a capture that the check made itself, and that the learner's code
// was to read, in place of the lab's recording. It is for checks that are about
// to fail.
func (t *T) Show(capture []byte) { t.note(t.keepFile(capture)) }

func (t *T) keepFile(capture []byte) error {
	if t.runner.Keep == nil {
		return nil
	}
	name, err := t.runner.Keep(t.id, capture)
	if err != nil {
		return fmt.Errorf("keep the recording: %w", err)
	}
	t.result.Capture = name
	return nil
}

// Finding is what the wire says of one port.
type Finding struct {
	State  port.State // "" where the port was never asked
	Reason port.Reason
	// Conversations are those to the port, over either address family.
	Conversations []wire.Conversation

	truth plan.Port
	trace *Trace
}

// Asked tells whether the port was sent a SYN.
func (f Finding) Asked() bool { return f.State != "" }

// Port returns what the wire says of a port of the target's, once it is clear
// that the wire and the plan agree. Where they do not, nobody can be blamed
// and the check ends in error, unless the seat itself forged frames.
func (tr *Trace) Port(p plan.Port) Finding {
	f := Finding{truth: p, trace: tr, Conversations: tr.questions(p)}
	for _, c := range f.Conversations {
		state, reason, _ := c.Verdict()
		if f.State == "" {
			f.State, f.Reason = state, reason
		}
		if state != p.State() || reason != p.Reason() {
			tr.disagree(p, c)
		}
	}
	return f
}

// questions are the conversations in which the port was sent a SYN.
func (tr *Trace) questions(p plan.Port) []wire.Conversation {
	var asked []wire.Conversation
	for _, c := range tr.Target.To(p.Number) {
		if state, _, _ := c.Verdict(); state != "" {
			asked = append(asked, c)
		}
	}
	return asked
}

// disagree ends the check: the lab did not do what it was told, or the seat
// made it look so.
func (tr *Trace) disagree(p plan.Port, c wire.Conversation) {
	t := tr.bench.t
	if why := tr.forged(); why != "" {
		t.Failf("%s", why)
	}
	state, reason, _ := c.Verdict()
	t.Broken(fmt.Errorf("the plan says that port %s is %s (%s), the wire shows %s (%s): this run proves nothing",
		p, p.State(), p.Reason(), state, reason))
}

// forged tells whether the seat sent frames under another's address, which can
// make the target's answers go astray.
func (tr *Trace) forged() string {
	own := tr.bench.plan.Seat
	for _, f := range tr.Target.Received() {
		src := f.Src.Addr()
		if src.IsValid() && src != own.Addr && src != own.Addr6 && !src.IsLinkLocalUnicast() && !src.IsUnspecified() {
			return fmt.Sprintf("your program sent frames under an address that is not its own (frame %d, from %s)", f.Number, src)
		}
	}
	return ""
}

// holdScope fails the check if anything went to the neighbour, or looked for
// a machine that is none of the program's business.
func (b *Bench) holdScope() {
	tr := b.Trace()
	if got := tr.Neighbour.Received(); len(got) > 0 {
		b.t.show("neighbour", got[:min(len(got), 4)], got[0].Number)
		b.t.Failf("your program sent packets to %s, a host that is out of scope", got[0].Dst)
	}
	for _, f := range tr.Target.Frames {
		if a := b.lookedFor(f); a.IsValid() && a != b.plan.Target.Addr && a != b.plan.Target.Addr6 {
			b.t.show("target", []wire.Frame{f}, f.Number)
			b.t.Failf("your program tried to reach %s, a host that is out of scope", a)
		}
	}
}

// lookedFor returns the address whose owner the seat looks for with this
// frame, by ARP or a neighbour solicitation. Both go to everybody, so that the
// target sees them, whomever they are about. It is invalid for other frames.
func (b *Bench) lookedFor(f wire.Frame) netip.Addr {
	from := f.Src.Addr()
	switch {
	case f.Sent:
	case f.ARP != nil && f.ARP.Operation == 1 && from == b.plan.Seat.Addr:
		return f.Dst.Addr()
	case from == b.plan.Seat.Addr6 || from.IsLinkLocalUnicast():
		return f.Solicited
	}
	return netip.Addr{}
}

// show puts frames recorded at host into the result, and marks the one that
// decides: its number, 0 where none does.
func (t *T) show(host string, frames []wire.Frame, deciding int) {
	if len(frames) == 0 {
		return
	}
	start := frames[0].Time
	for _, f := range frames {
		from, to := "seat", host
		if f.Sent {
			from, to = host, "seat"
		}
		ms := float64(f.Time.Sub(start)) / float64(time.Millisecond)
		t.result.Frames = append(t.result.Frames, Frame{
			Number: f.Number, TimeMS: ms, From: from, To: to, Summary: f.Summary(), Deciding: f.Number == deciding,
		})
	}
}
