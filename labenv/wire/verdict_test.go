package wire_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"wirelab/exercises/port"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// verdicts are scripts of one conversation, and what they prove.
var verdicts = []struct {
	name   string
	steps  []step
	state  port.State
	reason port.Reason
	frame  int // number of the deciding frame, 0 for none
	syns   int
	rtt    int // milliseconds
	ended  int // milliseconds after epoch, -1 where the peer still holds it open
}{
	{
		"accepts, peer closes with FIN", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.in("ACK", 101, 901).at(3),
			v4.in("FIN-ACK", 101, 901).at(5), v4.out("FIN-ACK", 901, 102).at(6), v4.in("ACK", 102, 902).at(7),
		}, port.Open, port.SYNACK, 2, 1, 2, 5,
	},
	{
		"accepts, peer closes with RST", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.in("RST", 101, 0).at(4),
		}, port.Open, port.SYNACK, 2, 1, 2, 4,
	},
	{
		"accepts, host closes first", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.in("ACK", 101, 901).at(3),
			v4.out("FIN-ACK", 901, 101).at(4), v4.in("FIN-ACK", 101, 902).at(9),
		}, port.Open, port.SYNACK, 2, 1, 2, 9,
	},
	{
		"accepts, then resets", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.in("ACK", 101, 901).at(3),
			v4.out("RST-ACK", 901, 101).at(53),
		}, port.Open, port.SYNACK, 2, 1, 2, 53,
	},
	{
		"accepts, held open", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.in("ACK", 101, 901).at(3),
		}, port.Open, port.SYNACK, 2, 1, 2, -1,
	},
	{
		"host closes, peer does not", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(2), v4.out("FIN-ACK", 901, 101).at(4),
		}, port.Open, port.SYNACK, 2, 1, 2, -1,
	},
	{
		"refuses", []step{v4.in("SYN", 100, 0), v4.out("RST-ACK", 0, 101).at(1)},
		port.Closed, port.Reset, 2, 1, 1, 1,
	},
	{
		"refuses over IPv6", []step{v6.in("SYN", 100, 0), v6.out("RST-ACK", 0, 101).at(1)},
		port.Closed, port.Reset, 2, 1, 1, 1,
	},
	{
		"accepts over IPv6", []step{v6.in("SYN", 100, 0), v6.out("SYN-ACK", 900, 101).at(1)},
		port.Open, port.SYNACK, 2, 1, 1, -1,
	},
	{
		"the sequence number wraps", []step{v4.in("SYN", 0xFFFFFFFF, 0), v4.out("SYN-ACK", 900, 0).at(1)},
		port.Open, port.SYNACK, 2, 1, 1, -1,
	},
	{
		"stays silent", []step{v4.in("SYN", 100, 0)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"stays silent, peer gives up with RST", []step{v4.in("SYN", 100, 0), v4.in("RST", 101, 0).at(30)},
		port.Filtered, port.NoResponse, 0, 1, 0, 30,
	},
	{
		"the first SYN is lost", []step{
			v4.in("SYN", 100, 0), v4.in("SYN", 100, 0).at(1000), v4.out("SYN-ACK", 900, 101).at(1003),
		}, port.Open, port.SYNACK, 3, 2, 3, -1,
	},
	{
		"the second try has its own sequence number", []step{
			v4.in("SYN", 100, 0), v4.in("SYN", 500, 0).at(300), v4.out("RST-ACK", 0, 501).at(301),
		}, port.Closed, port.Reset, 3, 2, 1, 301,
	},
	{
		"a late answer to the first of two tries", []step{
			v4.in("SYN", 100, 0), v4.in("SYN", 500, 0).at(300), v4.out("RST-ACK", 0, 101).at(301),
		}, port.Closed, port.Reset, 3, 2, 1, 301,
	},
	{
		"SYN-ACK with a wrong acknowledgement", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 102).at(1),
		}, port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"RST with a wrong acknowledgement, then the answer", []step{
			v4.in("SYN", 100, 0), v4.out("RST-ACK", 0, 99).at(1), v4.out("SYN-ACK", 900, 101).at(2),
		}, port.Open, port.SYNACK, 3, 1, 2, -1,
	},
	{
		"RST that acknowledges nothing", []step{v4.in("SYN", 100, 0), v4.out("RST", 101, 101).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"an answer before the SYN", []step{v4.out("RST-ACK", 0, 101), v4.in("SYN", 100, 0).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"SYN with data, refused whole", []step{
			v4.in("SYN", 100, 0, 'h', 'i'), v4.out("RST-ACK", 0, 103).at(1),
		}, port.Closed, port.Reset, 2, 1, 1, 1,
	},
	{
		"SYN with data, accepted without it", []step{
			v4.in("SYN", 100, 0, 'h', 'i'), v4.out("SYN-ACK", 900, 101).at(1),
		}, port.Open, port.SYNACK, 2, 1, 1, -1,
	},
	{
		"an ACK is no answer", []step{v4.in("SYN", 100, 0), v4.out("ACK", 900, 101).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"forged SYN-ACK", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).forged().at(1),
		}, port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"forged RST, then the answer", []step{
			v4.in("SYN", 100, 0), v4.out("RST-ACK", 0, 101).forged().at(1), v4.out("SYN-ACK", 900, 101).at(2),
		}, port.Open, port.SYNACK, 3, 1, 2, -1,
	},
	{
		"forged ICMP error", []step{
			v4.in("SYN", 100, 0), v4.unreach(3, 13, 100).forged().at(1),
		}, port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"forged SYN-ACK with the peer's address", []step{
			v4.in("SYN", 100, 0), v4.in("SYN-ACK", 900, 101).at(1), v4.out("RST-ACK", 0, 101).at(2),
		}, port.Closed, port.Reset, 3, 1, 2, 2,
	},
	{
		"ICMP error about another SYN", []step{v4.in("SYN", 100, 0), v4.unreach(3, 1, 99).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"ICMP time exceeded", []step{v4.in("SYN", 100, 0), v4.unreach(11, 0, 100).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"ICMPv6 packet too big", []step{v6.in("SYN", 100, 0), v6.unreach(2, 0, 100).at(1)},
		port.Filtered, port.NoResponse, 0, 1, 0, -1,
	},
	{
		"ICMP error after the SYN-ACK", []step{
			v4.in("SYN", 100, 0), v4.out("SYN-ACK", 900, 101).at(1), v4.unreach(3, 1, 100).at(2),
		}, port.Open, port.SYNACK, 2, 1, 1, -1,
	},
	{
		"behind a VLAN tag", []step{
			tagged(v4.in("SYN", 100, 0)), tagged(tagged(v4.out("SYN-ACK", 900, 101))).at(1),
		}, port.Open, port.SYNACK, 2, 1, 1, -1,
	},
	{
		"no SYN", []step{v4.in("ACK", 100, 900), v4.out("RST", 900, 0).at(1)},
		"", "", 0, 0, 0, 1,
	},
}

func TestVerdict(t *testing.T) {
	for _, tt := range verdicts {
		t.Run(tt.name, func(t *testing.T) {
			c := last(t, read(t, tt.steps...).To(9001))
			state, reason, frame := c.Verdict()
			assert.Equal(t, tt.state, state)
			assert.Equal(t, tt.reason, reason)
			if tt.frame == 0 {
				assert.Nil(t, frame)
			} else if assert.NotNil(t, frame) {
				assert.Equal(t, tt.frame, frame.Number)
			}
			assert.Equal(t, tt.syns, c.SYNs)
			assert.Equal(t, time.Duration(tt.rtt)*time.Millisecond, c.RTT())
			ended, ok := c.Ended()
			assert.Equal(t, tt.ended >= 0, ok)
			if ok {
				assert.Equal(t, epoch.Add(time.Duration(tt.ended)*time.Millisecond), ended)
			}
		})
	}
}

// TestEveryUnreachableHasItsReason plays each code that a plan can ask for,
// and each type 1 code of ICMPv6.
func TestEveryUnreachableHasItsReason(t *testing.T) {
	check := func(e ends, typ, code uint8, want port.Reason) {
		t.Run(fmt.Sprintf("%s %d-%d", e.host.Addr(), typ, code), func(t *testing.T) {
			c := last(t, read(t, e.in("SYN", 100, 0), e.unreach(typ, code, 100).at(4)).To(9001))
			state, reason, frame := c.Verdict()
			assert.Equal(t, port.Filtered, state)
			assert.Equal(t, want, reason)
			require.NotNil(t, frame)
			require.NotNil(t, frame.Unreach)
			assert.Equal(t, wire.Quote{Protocol: wire.ProtoTCP, Src: e.peer, Dst: e.host, Seq: 100}, frame.Unreach.Quoted)
			assert.Equal(t, 4*time.Millisecond, c.RTT())
			ended, ok := c.Ended()
			assert.True(t, ok)
			assert.Equal(t, frame.Time, ended)
		})
	}
	for code := range uint8(16) {
		check(v4, 3, code, plan.UnreachReason(code))
	}
	for code, want := range []port.Reason{
		port.NetUnreach, port.AdminProhibited, port.HostUnreach, port.HostUnreach,
		port.PortUnreach, port.AdminProhibited, port.AdminProhibited,
	} {
		check(v6, 1, uint8(code), want)
	}
	check(v6, 4, 1, port.ProtoUnreach)
}

// TestOnlyTheHostAnswers draws whatever a peer can send, forged sources
// included: the verdict on its SYN stays "no response".
func TestOnlyTheHostAnswers(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) step {
		e := rapid.SampledFrom([]ends{v4, v6}).Draw(t, "family")
		seq, ack := rapid.Uint32Range(99, 102).Draw(t, "seq"), rapid.Uint32Range(99, 102).Draw(t, "ack")
		flags := rapid.SampledFrom([]string{"SYN-ACK", "RST-ACK", "RST", "ACK", "FIN-ACK"}).Draw(t, "flags")
		s := e.in(flags, seq, ack)
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			s = e.out(flags, seq, ack)
		case 2:
			s = e.unreach(3, rapid.Uint8Range(0, 15).Draw(t, "code"), seq)
		}
		s.sent = false
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		steps := append([]step{v4.in("SYN", 100, 0)}, rapid.SliceOf(draw).Draw(t, "steps")...)
		for _, c := range read(t, steps...).Conversations() {
			_, reason, frame := c.Verdict()
			require.Nil(t, frame)
			require.Contains(t, []port.Reason{port.NoResponse, ""}, reason)
		}
	})
}

// last returns the latest of the conversations.
func last(t *testing.T, cs []wire.Conversation) wire.Conversation {
	t.Helper()
	require.NotEmpty(t, cs)
	return cs[len(cs)-1]
}
