package labtest

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
)

// listen has a program listen in the seat and treat its clients in one way, and
// returns the address.
func (b bench) listen(t *testing.T, how string) netip.AddrPort {
	t.Helper()
	r := b.run(t, nil).do(t, orders.Request{Do: orders.Listen, To: []string{b.Plan().Seat.Addr.String()}, Text: []byte(how)})
	require.Empty(t, r.Err)
	return netip.AddrPortFrom(b.Plan().Seat.Addr, uint16(r.Number)) //nolint:gosec // a port
}

// converse has the target play clients.
func (b bench) converse(t *testing.T, clients ...plan.Client) []plan.Talk {
	t.Helper()
	talks, err := b.Converse(t.Context(), clients)
	require.NoError(t, err)
	require.Len(t, talks, len(clients))
	return talks
}

// Clients of the target's talk to a program in the seat, in every way that a
// plan can ask for, and tell to the byte what came back.
func (s suite) clients(t *testing.T) {
	b := s.lab(t, plan.New(30).Plan())
	to := b.listen(t, orders.Echo)
	talks := b.converse(t,
		plan.Client{To: to, Send: 1, Seed: 1, Finally: plan.Finish},
		plan.Client{To: to, Send: 3 << 20, Seed: 2, Finally: plan.Finish},
		plan.Client{To: to, Send: 200_000, Seed: 3, Finally: plan.HalfClose, Delay: 20 * time.Millisecond},
		plan.Client{To: to, Send: 20, Seed: 4, Piece: 1, Pace: time.Millisecond, InTurn: true, Finally: plan.Finish},
	)
	for i, sent := range []int64{1, 3 << 20, 200_000, 20} {
		assert.Equal(t, plan.Ended, talks[i].Outcome, talks[i].Why)
		assert.Equal(t, []int64{sent, sent, -1}, []int64{talks[i].Sent, talks[i].Received, talks[i].Differs}, i)
		assert.Equal(t, b.Plan().Target.Addr, talks[i].Addr.Addr())
	}
	trace, _ := b.traces(t)
	for _, talk := range talks {
		assert.Len(t, trace.To(talk.Addr.Port()), 1, "conversations of %v", talk.Addr)
	}
}

// Two hundred clients at once are connected at once (listen(2): the backlog
// allows it).
func (s suite) clientsAtOnce(t *testing.T) {
	b := s.lab(t, plan.New(31).Plan())
	to := b.listen(t, orders.Echo)
	many := make([]plan.Client, 200)
	for i := range many {
		many[i] = plan.Client{To: to, Send: 1000, Seed: uint64(i), Finally: plan.Keep}
	}
	kept := map[int]bool{}
	for _, talk := range b.converse(t, many...) {
		require.Equal(t, plan.Done, talk.Outcome, talk.Why)
		require.Equal(t, int64(1000), talk.Received)
		kept[talk.Kept] = true
	}
	assert.Len(t, kept, len(many), "each has a number of its own")
}

// A conversation that was kept goes on where it was, deaf clients get stuck,
// and a client tells how a server ended it.
func (s suite) clientsKept(t *testing.T) {
	b := s.lab(t, plan.New(32).Plan())
	to := b.listen(t, orders.Echo)
	const all = 12 << 20
	deaf := b.converse(t, plan.Client{To: to, Send: all, Seed: 5, Deaf: true, Finally: plan.Keep, Patience: 200 * time.Millisecond})[0]
	require.Equal(t, plan.Done, deaf.Outcome, deaf.Why)
	require.Less(t, deaf.Sent, int64(all), "nobody has read")
	require.Zero(t, deaf.Received)
	heard := b.converse(t, plan.Client{Resume: deaf.Kept, Send: all - deaf.Sent, Finally: plan.Finish})[0]
	assert.Equal(t, plan.Ended, heard.Outcome, heard.Why)
	assert.Equal(t, []int64{all, all, -1}, []int64{heard.Sent, heard.Received, heard.Differs})

	_, err := b.Converse(t.Context(), []plan.Client{{Resume: deaf.Kept, Finally: plan.Remain}})
	require.Error(t, err, "it is over")
	_, err = b.Converse(t.Context(), []plan.Client{{To: to}})
	require.Error(t, err, "nobody said how it ends")
}

// What a server does wrong is told: it ends or resets the conversation, says
// something else, says nothing, or is not there.
func (s suite) clientsMistreated(t *testing.T) {
	b := s.lab(t, plan.New(33).Plan())
	for _, c := range []struct {
		how     string
		outcome plan.Outcome
		differs int64
	}{
		{orders.HangUp, plan.Ended, -1},
		{orders.Reset, plan.WasReset, -1},
		{orders.Garble, plan.Ended, 3},
		{orders.Ignore, plan.Waited, -1},
	} {
		to := b.listen(t, c.how)
		talk := b.converse(t, plan.Client{To: to, Send: 10, Seed: 6, Finally: plan.Finish, Patience: soon})[0]
		assert.Equal(t, c.outcome, talk.Outcome, "%s: %s", c.how, talk.Why)
		assert.Equal(t, c.differs, talk.Differs, c.how)
	}
	nobody := netip.AddrPortFrom(b.Plan().Seat.Addr, 9)
	assert.Equal(t, plan.Refused, b.converse(t, plan.Client{To: nobody, Finally: plan.Finish})[0].Outcome)
}

// A client that resets sends RST and no FIN (RFC 9293, section 3.5.2).
func (s suite) clientsReset(t *testing.T) {
	b := s.lab(t, plan.New(34).Plan())
	talk := b.converse(t, plan.Client{To: b.listen(t, orders.Echo), Send: 5000, Seed: 7, Finally: plan.Abort})[0]
	require.Equal(t, plan.Done, talk.Outcome, talk.Why)
	trace, _ := b.traces(t)
	resets := 0
	for _, f := range trace.To(talk.Addr.Port())[0].Frames {
		if f.Sent && f.TCP != nil {
			assert.False(t, f.TCP.FIN, "frame %d is a FIN", f.Number)
			if f.TCP.RST {
				resets++
			}
		}
	}
	assert.Positive(t, resets)
}

// Closing a lab ends what its clients wait for.
func (s suite) clientsClosed(t *testing.T) {
	b := s.lab(t, plan.New(35).Plan())
	to := b.listen(t, orders.Ignore)
	var playing sync.WaitGroup
	kept := b.converse(t, plan.Client{To: to, Finally: plan.Keep})[0]
	playing.Go(func() {
		_, err := b.Converse(t.Context(), []plan.Client{{Resume: kept.Kept, Finally: plan.Remain, Patience: time.Hour}})
		assert.Error(t, err)
	})
	require.NoError(t, b.Close())
	playing.Wait()
}
