package banner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// limit is how much of what a server says is read, in bytes.
const limit = 1024

// request is what a server is asked that waits to be asked (RFC 9110, section
// 9.3.2). Without a Host line it is right for HTTP/1.0, and Redis, which takes
// such a line for an attack, answers it.
const request = "HEAD / HTTP/1.0\r\n\r\n"

// Grab connects to addr and finds out who answers there: it waits for the server
// for opt.Wait, then asks by HTTP, then, on a new connection, by TLS. The whole
// takes no longer than opt.Timeout; what was said by then is no error.
//
// A server that says nothing is unknown, and no error. That nobody can be
// reached, or that ctx has ended, is one.
func Grab(ctx context.Context, addr netip.AddrPort, opt Options) (Banner, error) {
	if err := opt.check(addr); err != nil {
		return Banner{}, fmt.Errorf("banner of %v: %w", addr, err)
	}
	asking, cancel := context.WithTimeout(ctx, opt.Timeout)
	defer cancel()
	b, err := converse(asking, addr, opt.Wait)
	if ended := context.Cause(ctx); ended != nil { // the caller's own end, and not the Timeout
		err = ended
	}
	if err != nil {
		return Banner{}, fmt.Errorf("banner of %v: %w", addr, err)
	}
	return b, nil
}

// check refuses what makes no sense before a packet is sent.
func (o Options) check(addr netip.AddrPort) error {
	switch {
	case !addr.Addr().IsValid():
		return errors.New("there is no address to ask")
	case addr.Port() == 0:
		return errors.New("port 0 cannot be asked: ports run from 1 to 65535")
	case o.Wait <= 0:
		return fmt.Errorf("a Wait of %v leaves no time for a greeting", o.Wait)
	case o.Timeout <= o.Wait:
		return fmt.Errorf("a Timeout of %v is over before a Wait of %v is", o.Timeout, o.Wait)
	}
	return nil
}

// converse has the conversation: who speaks first, the server, we, or TLS?
func converse(ctx context.Context, addr netip.AddrPort, wait time.Duration) (Banner, error) {
	conn, err := connect(ctx, addr)
	if err != nil {
		return Banner{}, err
	}
	defer conn.Close()
	if said, over := listen(ctx, conn, wait); len(said) > 0 || over {
		b := plain(said, greets(said))
		b.SpokeFirst = len(said) > 0
		return b, nil
	}
	// Where this fails the server has gone, and the read tells the same.
	_, _ = conn.Write([]byte(request))
	said, _ := listen(ctx, conn, wait)
	b := plain(said, answers(said))
	if len(said) > 0 && !complains(said) {
		return b, nil
	}
	// Only a ClientHello tells a TLS server from one that has nothing to say.
	// The first connection is of no use for it: plaintext went over that one.
	if b.TLS = speaksTLS(ctx, addr); b.TLS {
		b.Service = secured(said)
	}
	return b, nil
}

// connect connects, and has the connection end with ctx.
func connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes who reads or writes
	return conn, nil
}

// listen reads until the server has been quiet for wait, has closed, or has said
// enough, or until ctx ends. over is true where nothing more can come.
func listen(ctx context.Context, conn net.Conn, wait time.Duration) (said []byte, over bool) {
	said = make([]byte, 0, limit)
	for len(said) < limit {
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return said, true
		}
		if ctx.Err() != nil { // after the deadline was set: AfterFunc may have come before
			return said, true
		}
		n, err := conn.Read(said[len(said):limit])
		said = said[:len(said)+n]
		var quiet net.Error
		if errors.As(err, &quiet) && quiet.Timeout() {
			return said, ctx.Err() != nil
		}
		if err != nil { // closed, or reset
			return said, true
		}
	}
	return said, true
}

func plain(said []byte, service string) Banner {
	return Banner{Raw: said, Text: strings.ToValidUTF8(string(said), "\uFFFD"), Service: service}
}

// complains tells whether an answer is HTTP's 400 (RFC 9110, section 15.5.1). So
// answer web servers that did not understand, and TLS servers that were
// spoken to in plaintext.
func complains(said []byte) bool {
	return bytes.HasPrefix(said, []byte("HTTP/1.0 400")) || bytes.HasPrefix(said, []byte("HTTP/1.1 400"))
}

// secured is what a TLS server is, by what it said to plaintext.
func secured(said []byte) string {
	if complains(said) {
		return "https"
	}
	return "tls"
}
