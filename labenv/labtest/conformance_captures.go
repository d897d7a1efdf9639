package labtest

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// Captures holds every frame that was sent before the call, those of the last
// microsecond too: a connection that was closed just now is closed in it (RFC
// 9293, section 3.6). One that lags behind is late once in a while, hence the
// repetition.
func (s suite) captureComplete(t *testing.T) {
	d := plan.New(40)
	mine, theirs := d.Port(plan.Echo), d.Neighbour(plan.Echo)
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	for i := range 50 {
		conn := prog.connect(t, b.target(mine))
		stray := prog.connect(t, address(b.Plan().Neighbour.Addr, theirs))
		for _, id := range []int{conn, stray} {
			require.Empty(t, prog.do(t, orders.Request{Do: orders.Close, Number: id}).Err)
		}
		target, neighbour := b.traces(t)
		for _, trace := range []*wire.Trace{target, neighbour} {
			talks := trace.Conversations()
			require.Len(t, talks, i+1)
			_, ended := talks[i].Ended()
			require.True(t, ended, "round %d: the FIN is missing", i)
		}
	}
}

// Each frame says whether the host received or sent it, whatever the addresses
// in it say (packet(7), PACKET_OUTGOING).
func (s suite) captureDirection(t *testing.T) {
	b, prog, _ := s.talk(t, plan.Echo)
	prog.hangUp(t)
	c := b.conversation(t)
	for _, f := range c.Frames {
		assert.Equal(t, f.Sent, f.Src == c.Host, "frame %d", f.Number)
		assert.Equal(t, !f.Sent, f.Dst == c.Host, "frame %d", f.Number)
	}
	require.GreaterOrEqual(t, len(c.Frames), 3)
	assert.Equal(t, []bool{false, true, false}, []bool{c.Frames[0].Sent, c.Frames[1].Sent, c.Frames[2].Sent})
}

// A recording is evidence only with the nonce of its own call (wire.Read).
func (s suite) captureNonce(t *testing.T) {
	b := s.lab(t, plan.New(41).Plan())
	first, err := b.Captures(t.Context())
	require.NoError(t, err)
	second, err := b.Captures(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first.Sync, second.Sync)
	for _, recording := range [][]byte{first.Target, first.Neighbour} {
		_, err = wire.Read(recording, first.Sync)
		require.NoError(t, err)
		_, err = wire.Read(recording, second.Sync)
		require.ErrorIs(t, err, wire.ErrNotSynced)
	}
}

// Recordings reach from the lab's start to the call: a later one begins with
// all of an earlier one (draft-ietf-opsawg-pcapng: blocks are appended).
func (s suite) captureKeeps(t *testing.T) {
	d := plan.New(42)
	p := d.Port(plan.AcceptClose)
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	var before []byte
	for range 3 {
		prog.connect(t, b.target(p))
		c, err := b.Captures(t.Context())
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(c.Target, before))
		require.Greater(t, len(c.Target), len(before))
		before = c.Target
	}
}

// Captures may be called from several goroutines at once, and each call is
// complete by itself.
func (s suite) captureConcurrent(t *testing.T) {
	b, _, _ := s.talk(t, plan.Echo)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c, err := b.Captures(t.Context())
			if !assert.NoError(t, err) {
				return
			}
			trace, err := wire.Read(c.Target, c.Sync)
			if assert.NoError(t, err) {
				assert.Len(t, trace.Conversations(), 1)
			}
		})
	}
	all.Wait()
}

// A flood does not keep a recording from being closed, and what it lacks is
// told (packet(7), PACKET_STATISTICS): the lab goes on.
func (s suite) captureFlood(t *testing.T) {
	d := plan.New(43)
	p := d.Port(plan.Echo)
	b := s.lab(t, d.Plan())
	const etherType = 0x88B6 // local experimental EtherType 2 (IEEE Std 802, section 9.2.4)
	large := append(frame(t, b.Plan(), etherType), make([]byte, 1400)...)
	flood := make([]*program, 2)
	for i := range flood {
		flood[i] = b.run(t, netRaw)
		flood[i].order(t, orders.Request{Do: orders.Flood, Data: large, Number: 100_000})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for range 3 {
		c, err := b.Captures(ctx)
		require.NoError(t, err)
		_, err = wire.Read(c.Target, c.Sync)
		require.NoError(t, err)
		assert.Equal(t, c.Complete, c.Why == "", c.Why)
	}
	for _, f := range flood {
		require.Empty(t, f.reply(t).Err)
	}
	b.run(t, nil).connect(t, b.target(p))
	_, err := b.Captures(ctx)
	require.NoError(t, err)
}
