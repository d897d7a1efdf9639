package labtest

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// talk starts a lab with one port and a program in its seat that has connected
// to it.
func (s suite) talk(t *testing.T, b plan.Behaviour, opts ...plan.Option) (bench, *program, int) {
	t.Helper()
	d := plan.New(20)
	p := d.Port(b, opts...)
	l := s.lab(t, d.Plan())
	prog := l.run(t, nil)
	return l, prog, prog.connect(t, l.target(p))
}

// conversation returns what the one connection of the lab looked like.
func (b bench) conversation(t *testing.T) wire.Conversation {
	t.Helper()
	trace, _ := b.traces(t)
	return only(t, trace, netip.AddrPortFrom(b.Plan().Target.Addr, b.Plan().Target.Ports[0].Number))
}

// A server may speak first (RFC 4253, section 4.2; RFC 5321, section 3.1): the
// text comes to the byte, and nothing after it.
func (s suite) greeting(t *testing.T) {
	const text = "220 mail.lab.test ESMTP\r\n"
	_, prog, conn := s.talk(t, plan.Greeting, plan.WithText(text))
	assert.Equal(t, text, string(prog.receive(t, conn, len(text), patience).Data))
	r := prog.receive(t, conn, 1, 50*time.Millisecond)
	assert.Empty(t, r.Data)
	assert.Equal(t, orders.Timeout, r.Err)
}

// A server may wait until it is spoken to (RFC 9112, section 2): not a byte
// before, and an answer after.
func (s suite) silent(t *testing.T) {
	const text = "you spoke first\r\n"
	b, prog, conn := s.talk(t, plan.Silent, plan.WithText(text))
	assert.Equal(t, orders.Timeout, prog.receive(t, conn, 1, 100*time.Millisecond).Err)
	for _, f := range b.conversation(t).Frames {
		assert.False(t, f.Sent && f.TCP.Payload > 0, "frame %d speaks unasked", f.Number)
	}
	for range 2 {
		prog.say(t, conn, "hello")
		assert.Equal(t, text, string(prog.receive(t, conn, len(text), patience).Data))
	}
}

// An echo server sends back what comes, to the byte (RFC 862).
func (s suite) echo(t *testing.T) {
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	_, prog, conn := s.talk(t, plan.Echo)
	prog.say(t, conn, string(data))
	assert.Equal(t, data, prog.receive(t, conn, len(data), patience).Data)
}

// A server may close at once: with FIN and not with RST (RFC 9293, section
// 3.6).
func (s suite) acceptClose(t *testing.T) {
	b, prog, conn := s.talk(t, plan.AcceptClose)
	r := prog.receive(t, conn, 1, patience)
	assert.Empty(t, r.Data)
	assert.Equal(t, orders.EOF, r.Err)
	prog.hangUp(t)
	fins := 0
	for _, f := range b.conversation(t).Frames {
		assert.False(t, f.TCP.RST, "frame %d is a RST", f.Number)
		if f.Sent && f.TCP.FIN {
			fins++
		}
	}
	assert.Equal(t, 1, fins, "FINs of the target")
}

// A server may reset the connection (RFC 9293, section 3.5.2). It does so 50
// ms after the handshake, so that every client has noticed that it was open.
func (s suite) acceptReset(t *testing.T) {
	b, prog, conn := s.talk(t, plan.AcceptReset)
	assert.Equal(t, "ECONNRESET", prog.receive(t, conn, 1, patience).Err)
	c := b.conversation(t)
	_, _, accepted := c.Verdict()
	require.NotNil(t, accepted)
	var reset *wire.Frame
	for i, f := range c.Frames {
		assert.False(t, f.TCP.FIN, "frame %d is a FIN", f.Number)
		if f.Sent && f.TCP.RST {
			reset = &c.Frames[i]
		}
	}
	require.NotNil(t, reset, "the target's RST")
	after := reset.Time.Sub(accepted.Time)
	assert.Greater(t, after, 49*time.Millisecond)
	assert.Less(t, after, time.Second)
}

// Services that are asked answer in their protocols: HTTP (RFC 9112), Redis'
// PING, DNS over TCP (RFC 7766) and UDP (RFC 1035). TLS closes on plaintext
// without a byte (RFC 8446, section 6, allows it).
func (s suite) protocols(t *testing.T) {
	d := plan.New(21)
	page, redis, secure, dns := d.Port(plan.HTTP), d.Port(plan.Redis), d.Port(plan.TLS), d.Port(plan.DNS)
	p := d.Plan()
	p.Target.Ports = append(p.Target.Ports, plan.Port{Number: dns.Number, Proto: plan.UDP, Behaviour: plan.DNS})
	b := s.lab(t, p)
	prog := b.run(t, nil)
	ask := func(p plan.Port, request string, size int) orders.Reply {
		conn := prog.connect(t, b.target(p))
		prog.say(t, conn, request)
		return prog.receive(t, conn, size, patience)
	}
	assert.Equal(t, "HTTP/1.1 200 OK\r\n", string(ask(page, "GET / HTTP/1.1\r\nHost: lab.test\r\n\r\n", 17).Data))
	assert.Equal(t, "+PONG\r\n", string(ask(redis, "PING\r\n", 7).Data))
	r := ask(secure, "GET / HTTP/1.1\r\n\r\n", 1)
	assert.Empty(t, r.Data)
	assert.Equal(t, orders.EOF, r.Err)

	query, want := question(t), string(b.Plan().Target.Addr.AsSlice())
	datagram := prog.do(t, orders.Request{Do: orders.Ask, To: []string{b.target(dns)}, Data: query, Timeout: patience})
	assert.Contains(t, string(datagram.Data), want, datagram.Err)
	// Over TCP a length of two bytes comes first (RFC 1035, section 4.2.2).
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(query))) //nolint:gosec // some forty bytes
	framed = append(framed, query...)
	assert.Contains(t, string(ask(dns, string(framed), 2+len(datagram.Data)).Data), want)
}

// Scripted services say their pieces to the byte, with a pause between them, for
// ever or once; they answer, and hang up. An HTTPS service complains of plaintext.
func (s suite) scripts(t *testing.T) {
	d := plan.New(23)
	bytes := string([]byte{0, 0xff, 0x80, '\n', 0xc3})
	pieces, endless, hangUp := plan.Says("a", bytes, "c"), plan.Says("head ", "tail "), plan.Says("bye")
	pieces.Pause, endless.Endless, hangUp.HangUp = 20*time.Millisecond, true, true
	said := d.Port(plan.Scripted, plan.WithScript(pieces))
	flood := d.Port(plan.Scripted, plan.WithScript(endless))
	short := d.Port(plan.Scripted, plan.WithScript(hangUp))
	answers := d.Port(plan.Scripted, plan.WithScript(plan.Script{Answer: []byte("what?"), HangUp: true}))
	complains := d.Port(plan.HTTPS)
	b := s.lab(t, d.Plan())
	prog := b.run(t, nil)
	listen := func(p plan.Port, size int) orders.Reply {
		return prog.receive(t, prog.connect(t, b.target(p)), size, patience)
	}
	assert.Equal(t, "a"+bytes+"c", string(listen(said, 2+len(bytes)).Data))
	assert.Equal(t, "head "+strings.Repeat("tail ", 2000), string(listen(flood, 5+5*2000).Data))
	assert.Equal(t, orders.Reply{Data: []byte("bye"), Err: orders.EOF}, listen(short, 100))

	conn := prog.connect(t, b.target(answers))
	prog.say(t, conn, "hello")
	assert.Equal(t, orders.Reply{Data: []byte("what?"), Err: orders.EOF}, prog.receive(t, conn, 100, patience))
	conn = prog.connect(t, b.target(complains))
	prog.say(t, conn, "GET / HTTP/1.0\r\n\r\n")
	assert.Equal(t, "HTTP/1.1 400 Bad Request\r\n", string(prog.receive(t, conn, 26, patience).Data))
	prog.hangUp(t)

	trace, _ := b.traces(t)
	sent := 0
	for _, f := range trace.To(said.Number)[0].Frames {
		if f.Sent && f.TCP != nil && f.TCP.Payload > 0 {
			sent++
		}
	}
	assert.Equal(t, 3, sent, "a segment for each piece")
}

// The target's DNS knows the names of the plan, and tells a changing one's first
// address once (RFC 1035).
func (s suite) names(t *testing.T) {
	d := plan.New(22)
	name := d.ChangingName([]netip.Addr{plan.TargetAddr}, []netip.Addr{plan.NeighbourAddr})
	p := d.Plan()
	dns := plan.Port{Number: 53, Proto: plan.UDP, Behaviour: plan.DNS}
	p.Target.Ports = append(p.Target.Ports, dns)
	b := s.lab(t, p)
	prog := b.run(t, nil)
	for _, want := range []netip.Addr{plan.TargetAddr, plan.NeighbourAddr, plan.NeighbourAddr} {
		r := prog.do(t, orders.Request{Do: orders.Ask, To: []string{b.target(dns)}, Data: questionOf(t, name), Timeout: patience})
		require.Empty(t, r.Err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(r.Data))
		require.Len(t, m.Answers, 1)
		assert.Equal(t, &dnsmessage.AResource{A: want.As4()}, m.Answers[0].Body)
	}
}

// question returns a query for the target's address.
func question(t *testing.T) []byte {
	t.Helper()
	return questionOf(t, "target.lab.test")
}

// questionOf returns a query for a name's IPv4 addresses.
func questionOf(t *testing.T, name string) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: 77, RecursionDesired: true},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName(name + "."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
		}},
	}
	query, err := m.Pack()
	require.NoError(t, err)
	return query
}
