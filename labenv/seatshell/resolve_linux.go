package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"mvdan.cc/sh/v3/interp"

	"wirelab/labenv/plan"
)

const (
	// domain is what a name without a dot is looked for in.
	domain = "lab.test"
	// resolveTimeout is how long the answer to a query may take.
	resolveTimeout = 2 * time.Second
	// maxAnswer is the longest datagram, in bytes.
	maxAnswer = 1 << 16
)

// dnsServer is the one DNS server of the lab.
func dnsServer() netip.AddrPort { return netip.AddrPortFrom(plan.Practice().Target.Addr, 53) }

// resolve prints what the lab's DNS knows of a name.
func resolve(ctx context.Context, hc interp.HandlerContext, args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	name, kind := qualify(args[0]), dnsmessage.TypeA
	if addr, err := netip.ParseAddr(args[0]); err == nil && addr.Is4() {
		name, kind = reverse(addr), dnsmessage.TypePTR
	}
	answers, err := query(ctx, name, kind)
	if err != nil {
		return err
	}
	for _, a := range answers {
		fmt.Fprintf(hc.Stdout, "%s  %d s  %s\n", a.Header.Name, a.Header.TTL, record(a.Body))
	}
	return nil
}

// record is a resource record in the words of a zone file.
func record(body dnsmessage.ResourceBody) string {
	switch r := body.(type) {
	case *dnsmessage.AResource:
		return "A " + netip.AddrFrom4(r.A).String()
	case *dnsmessage.PTRResource:
		return "PTR " + r.PTR.String()
	}
	return body.GoString()
}

// address returns the address of a host by its name, or as it stands.
func address(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, nil
	}
	answers, err := query(ctx, qualify(host), dnsmessage.TypeA)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range answers {
		if r, ok := a.Body.(*dnsmessage.AResource); ok {
			return netip.AddrFrom4(r.A), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s has no IPv4 address", host)
}

// qualify makes a name a whole one.
func qualify(name string) string {
	switch {
	case strings.HasSuffix(name, "."):
		return name
	case strings.Contains(name, "."):
		return name + "."
	}
	return name + "." + domain + "."
}

// reverse is the name under which an address's name is found (RFC 1035,
// section 3.5).
func reverse(addr netip.Addr) string {
	labels := strings.Split(addr.String(), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ".in-addr.arpa."
}

// query asks the lab's DNS server one question.
func query(ctx context.Context, name string, kind dnsmessage.Type) ([]dnsmessage.Resource, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	qname, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, fmt.Errorf("the name %q: %w", name, err)
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: uint16(rand.Uint32()), RecursionDesired: true}, //nolint:gosec // nobody else is here to guess it
		Questions: []dnsmessage.Question{{Name: qname, Type: kind, Class: dnsmessage.ClassINET}},
	}
	answer, err := ask(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", dnsServer(), err)
	}
	if answer.RCode == dnsmessage.RCodeNameError {
		return nil, fmt.Errorf("%s says that there is no name %s", dnsServer(), name)
	}
	if answer.RCode != dnsmessage.RCodeSuccess {
		return nil, fmt.Errorf("%s says %s", dnsServer(), answer.RCode)
	}
	return answer.Answers, nil
}

// ask sends a message by UDP and returns the answer to it.
func ask(ctx context.Context, m dnsmessage.Message) (answer dnsmessage.Message, err error) {
	packed, err := m.Pack()
	if err != nil {
		return answer, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp4", dnsServer().String())
	if err != nil {
		return answer, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(packed); err != nil {
		return answer, err
	}
	buffer := make([]byte, maxAnswer)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return answer, err
		}
		if answer.Unpack(buffer[:n]) == nil && answer.ID == m.ID && answer.Response {
			return answer, nil
		}
	}
}
