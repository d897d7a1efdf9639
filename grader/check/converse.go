package check

import (
	"fmt"
	"net/netip"

	"wirelab/labenv/plan"
)

// Seat is the seat's address, where a program of the learner's can listen.
func (b *Bench) Seat() netip.Addr { return b.plan.Seat.Addr }

// Seat6 is its IPv6 address.
func (b *Bench) Seat6() netip.Addr { return b.plan.Seat.Addr6 }

// Converse has the target play clients of the learner's program, side by side,
// and returns what came of each, in order.
func (b *Bench) Converse(clients ...plan.Client) []plan.Talk {
	for _, c := range clients[:min(len(clients), maxSteps)] {
		b.t.Step("%s", calls(c))
	}
	if more := len(clients) - maxSteps; more > 0 {
		b.t.Step("… and %d clients more, all at once", more)
	}
	talks, err := b.lab.Converse(b.t.ctx, clients)
	if err != nil {
		b.t.Broken(err)
	}
	if len(talks) != len(clients) {
		b.t.Broken(fmt.Errorf("%d clients were to be played, %d were", len(clients), len(talks)))
	}
	return talks
}

// calls says what a client does.
func calls(c plan.Client) string {
	who := fmt.Sprintf("a client called %v", c.To)
	if c.Resume != 0 {
		who = fmt.Sprintf("client %d went on", c.Resume)
	}
	how := ""
	switch {
	case c.Deaf:
		how = ", without reading"
	case c.Pace > 0:
		how = fmt.Sprintf(", dripping %d bytes at a time", c.Piece)
	}
	then := map[plan.Finally]string{
		plan.Finish: "waited for all of it to come back", plan.HalfClose: "closed its side (FIN) and read on",
		plan.Abort: "reset the connection", plan.Keep: "kept the connection open", plan.Remain: "waited for the server to hang up",
	}[c.Finally]
	return fmt.Sprintf("%s, sent %d bytes%s, and %s", who, c.Send, how, then)
}
