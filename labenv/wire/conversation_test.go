package wire_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/wire"
)

// numbers returns the frame numbers of each conversation.
func numbers(cs []wire.Conversation) [][]int {
	var all [][]int
	for _, c := range cs {
		var ns []int
		for _, f := range c.Frames {
			ns = append(ns, f.Number)
		}
		all = append(all, ns)
	}
	return all
}

// on returns the ends with another peer port and host port.
func (e ends) on(peer, host uint16) ends {
	return ends{netip.AddrPortFrom(e.peer.Addr(), peer), netip.AddrPortFrom(e.host.Addr(), host)}
}

func TestConversationsAreToldApart(t *testing.T) {
	a, b := v4.on(40000, 9001), v4.on(40001, 9001)
	other := v4.on(40000, 9002)
	for _, tt := range []struct {
		name  string
		steps []step
		want  [][]int
	}{
		{"nothing", nil, nil},
		{"by port", []step{
			a.in("SYN", 1, 0), b.in("SYN", 1, 0), other.in("SYN", 1, 0), v6.in("SYN", 1, 0),
			b.out("RST-ACK", 0, 2), a.out("SYN-ACK", 9, 2),
		}, [][]int{{1, 6}, {2, 5}, {3}, {4}}},
		{"a SYN after a RST", []step{
			a.in("SYN", 1, 0), a.out("RST-ACK", 0, 2), a.in("SYN", 5, 0), a.out("SYN-ACK", 9, 6),
		}, [][]int{{1, 2}, {3, 4}}},
		{"a SYN after an ICMP error", []step{
			a.in("SYN", 1, 0), a.unreach(3, 13, 1), a.in("SYN", 5, 0), a.unreach(3, 13, 5),
		}, [][]int{{1, 2}, {3, 4}}},
		{"a SYN after FIN", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2), a.in("FIN-ACK", 2, 10), a.out("FIN-ACK", 10, 3), a.in("SYN", 5, 0),
		}, [][]int{{1, 2, 3, 4}, {5}}},
		{"the same SYN again", []step{
			a.in("SYN", 1, 0), a.out("RST-ACK", 0, 2), a.in("SYN", 1, 0), a.out("RST-ACK", 0, 2),
		}, [][]int{{1, 2, 3, 4}}},
		{"another SYN while the first waits", []step{
			a.in("SYN", 1, 0), a.in("SYN", 5, 0),
		}, [][]int{{1, 2}}},
		{"a SYN after segments without one", []step{
			a.in("RST", 1, 0), a.in("SYN", 0, 0), a.out("SYN-ACK", 9, 1),
		}, [][]int{{1}, {2, 3}}},
		{"an ICMP error of the peer's", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2),
			{data: icmpError(a.peer, a.host, 3, 1, segment(a.host, a.peer, "SYN-ACK", 9, 2, nil)[14:])},
		}, [][]int{{1, 2, 3}}},
		{"what is not TCP", []step{
			{data: datagram(a.peer, a.host, "hello")}, a.unreach(3, 1, 1),
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, numbers(read(t, tt.steps...).Conversations()))
		})
	}
}

func TestToOnePort(t *testing.T) {
	a, b := v4.on(40000, 9001), v4.on(40001, 9002)
	trace := read(t, a.in("SYN", 1, 0), b.in("SYN", 1, 0), v6.in("SYN", 1, 0))
	assert.Equal(t, [][]int{{1}, {3}}, numbers(trace.To(9001)))
	assert.Equal(t, [][]int{{2}}, numbers(trace.To(9002)))
	assert.Empty(t, trace.To(9003))
}

func TestStartIsTheFirstSYN(t *testing.T) {
	cs := read(t, v4.in("SYN", 1, 0).at(7), v4.in("SYN", 1, 0).at(1007), v6.in("ACK", 1, 0)).Conversations()
	require.Len(t, cs, 2)
	assert.Equal(t, epoch.Add(7*time.Millisecond), cs[0].Start())
	assert.True(t, cs[1].Start().IsZero())
}

func TestAtOnce(t *testing.T) {
	const timeout = 100 * time.Millisecond
	a, b, c := v4.on(40000, 9001), v4.on(40001, 9002), v4.on(40002, 9003)
	for _, tt := range []struct {
		name  string
		steps []step
		most  int
		at    int // frame number, 0 for none
	}{
		{"nothing", nil, 0, 0},
		{"no SYN", []step{a.in("ACK", 1, 1)}, 0, 0},
		{"one", []step{a.in("SYN", 1, 0)}, 1, 1},
		{"three silent", []step{a.in("SYN", 1, 0), b.in("SYN", 1, 0).at(10), c.in("SYN", 1, 0).at(89)}, 3, 3},
		{"silence ends a tenth early", []step{a.in("SYN", 1, 0), b.in("SYN", 1, 0).at(90)}, 1, 1},
		{"a retransmission does not prolong silence", []step{
			a.in("SYN", 1, 0), a.in("SYN", 1, 0).at(80), b.in("SYN", 1, 0).at(95),
		}, 1, 1},
		{"silence cut short by the peer", []step{
			a.in("SYN", 1, 0), a.in("RST", 2, 0).at(20), b.in("SYN", 1, 0).at(21),
		}, 1, 1},
		{"a RST of the peer's after the time is up", []step{
			a.in("SYN", 1, 0), b.in("SYN", 1, 0).at(95), a.in("RST", 2, 0).at(120),
		}, 1, 1},
		{"refused before the next", []step{
			a.in("SYN", 1, 0), a.out("RST-ACK", 0, 2).at(1), b.in("SYN", 1, 0).at(2), b.unreach(3, 1, 1).at(3), c.in("SYN", 1, 0).at(4),
		}, 1, 1},
		{"refused in the moment of the next", []step{
			a.in("SYN", 1, 0), a.out("RST-ACK", 0, 2).at(1), b.in("SYN", 1, 0).at(1),
		}, 1, 1},
		{"refused after the next", []step{
			a.in("SYN", 1, 0), b.in("SYN", 1, 0).at(1), a.out("RST-ACK", 0, 2).at(2),
		}, 2, 2},
		{"accepted and held", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2).at(1), b.in("SYN", 1, 0).at(5000),
		}, 2, 3},
		{"accepted and closed by the peer", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2).at(1), a.in("FIN-ACK", 2, 10).at(2), b.in("SYN", 1, 0).at(3),
		}, 1, 1},
		{"accepted and closed by the host alone", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2).at(1), a.out("FIN-ACK", 10, 2).at(2), b.in("SYN", 1, 0).at(3),
		}, 2, 4},
		{"accepted and reset by the host", []step{
			a.in("SYN", 1, 0), a.out("SYN-ACK", 9, 2).at(1), a.out("RST-ACK", 10, 2).at(51), b.in("SYN", 1, 0).at(52),
		}, 1, 1},
		{"recorded out of order", []step{b.in("SYN", 1, 0).at(90), a.in("SYN", 1, 0)}, 1, 2},
		{"over in no time", []step{
			a.in("SYN", 1, 0), b.in("SYN", 1, 0).at(1), b.out("RST-ACK", 0, 2).at(1), c.in("SYN", 1, 0).at(1),
		}, 2, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			most, at := read(t, tt.steps...).AtOnce(timeout)
			assert.Equal(t, tt.most, most)
			if tt.at == 0 {
				assert.Nil(t, at)
				return
			}
			require.NotNil(t, at)
			assert.Equal(t, tt.at, at.Number)
		})
	}
}

// TestAnswersDoNotOutliveTheirConversation proves that a late answer to an
// ended conversation decides nothing about the next on the same ports.
func TestAnswersDoNotOutliveTheirConversation(t *testing.T) {
	cs := read(t,
		v4.in("SYN", 1, 0), v4.in("RST", 2, 0).at(1),
		v4.in("SYN", 5, 0).at(2), v4.out("SYN-ACK", 9, 2).at(3),
	).Conversations()
	require.Len(t, cs, 2)
	for _, c := range cs {
		_, reason, _ := c.Verdict()
		assert.Equal(t, port.NoResponse, reason)
	}
}
