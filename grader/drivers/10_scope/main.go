// Command 10_scope serves the learner's package scope. A scope that was parsed
// stays here, by a number; what is dialled is told as data.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing/iotest"
	"time"

	scope "wirelab/exercises/10_scope"
	"wirelab/grader/drivers/serve"
)

func main() {
	var s scopes
	serve.Sentinels["scope.ErrOutOfScope"] = scope.ErrOutOfScope
	serve.Sentinels["the base's own"] = errHook
	serve.Main(serve.Functions{"Parse": s.parse, "Check": s.check, "Dial": s.dial})
}

// scopes are those that were parsed.
type scopes struct {
	mu  sync.Mutex
	all []*scope.Scope
}

// parse returns a scope's number. broken has the reader fail after the text.
func (s *scopes) parse(text string, broken bool) (int, error) {
	var r io.Reader = strings.NewReader(text)
	if broken {
		r = io.MultiReader(r, iotest.ErrReader(errors.New("the disk is gone")))
	}
	parsed, err := scope.Parse(r)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, parsed)
	return len(s.all) - 1, nil
}

func (s *scopes) check(number int, addr netip.Addr) error { return s.get(number).Check(addr) }

func (s *scopes) get(number int) *scope.Scope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[number]
}

// dial is a dial, or several with one Dialer.
type dial struct {
	Network string
	Address string
	DNS     netip.AddrPort // the server that names are asked of
	Timeout time.Duration  // of the base
	Hook    string         // what the base has: "", "Control", "ControlContext"
	Refuse  bool           // the hook refuses
	Follow  bool           // read a redirect there, and go where it says
}

// dialled is what came of it.
type dialled struct {
	Remote string   // whom the connection was with
	Hooked []string // the addresses that the base's hook was called with
	Led    string   // where a redirect led
}

// errHook is what a hook of the base's refuses with.
var errHook = errors.New("the base refuses")

func (s *scopes) dial(ctx context.Context, number int, how dial) (dialled, error) {
	var d dialled
	base := net.Dialer{Timeout: how.Timeout, Resolver: &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, how.DNS.String())
		},
	}}
	var mu sync.Mutex // the addresses of a name may be tried side by side
	note := func(address string) error {
		mu.Lock()
		defer mu.Unlock()
		d.Hooked = append(d.Hooked, address)
		if how.Refuse {
			return errHook
		}
		return nil
	}
	switch how.Hook {
	case "Control":
		base.Control = func(_, address string, _ syscall.RawConn) error { return note(address) }
	case "ControlContext":
		base.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return note(address) }
	}
	err := d.reach(ctx, s.get(number).Dialer(base), how)
	mu.Lock()
	defer mu.Unlock()
	return d, err
}

// reach dials, and hangs up again. Over UDP it sends a datagram, for to connect
// there sends nothing.
func (d *dialled) reach(ctx context.Context, dialer *net.Dialer, how dial) error {
	conn, err := dialer.DialContext(ctx, how.Network, how.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	d.Remote = conn.RemoteAddr().String()
	if _, datagrams := conn.(net.PacketConn); datagrams {
		_, err = conn.Write([]byte("hello"))
		return err
	}
	if !how.Follow {
		return nil
	}
	if d.Led, err = location(conn); err != nil {
		return err
	}
	next := how
	next.Address, next.Follow = d.Led, false
	return d.reach(ctx, dialer, next)
}

// location reads where an HTTP answer says that the page has gone (RFC 9110,
// section 10.2.2): the host and port of its URL.
func location(conn net.Conn) (string, error) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "Location: http://"); ok {
			host, _, _ := strings.Cut(url, "/")
			return host, nil
		}
	}
	return "", fmt.Errorf("the answer leads nowhere: %w", errors.Join(lines.Err(), io.ErrUnexpectedEOF))
}
