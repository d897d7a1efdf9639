package scope

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// rule is one line.
type rule struct {
	deny bool
	net  *net.IPNet
}

// scope keeps the lines as they came, and asks all of them.
type scope []rule

// Parse reads the whole file first.
func Parse(r io.Reader) (*Scope, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var s scope
	for i, line := range strings.Split(strings.ReplaceAll(string(data), "\r", ""), "\n") {
		if at := strings.IndexByte(line, '#'); at >= 0 {
			line = line[:at]
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		verb, rest, ok := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		rest = strings.TrimSpace(rest)
		if ip := net.ParseIP(rest); ip != nil {
			rest = ip.String() + map[bool]string{true: "/32", false: "/128"}[ip.To4() != nil]
		}
		_, network, err := net.ParseCIDR(rest)
		if !ok || err != nil || verb != "allow" && verb != "deny" {
			return nil, fmt.Errorf("I do not understand line %d", i+1)
		}
		s = append(s, rule{verb == "deny", network})
	}
	return &Scope{s}, nil
}

// Check asks every rule.
func (s *Scope) Check(addr netip.Addr) error {
	ip := net.IP(addr.Unmap().AsSlice())
	allowed := false
	for _, r := range s.scope {
		if r.net.Contains(ip) && r.deny {
			return ErrOutOfScope
		}
		allowed = allowed || r.net.Contains(ip) && len(r.net.IP) == len(ip)
	}
	if !allowed || ip.IsUnspecified() || ip.IsMulticast() || ip.Equal(net.IPv4bcast) {
		return ErrOutOfScope
	}
	return nil
}

// Dialer uses Control where base has no ControlContext.
func (s *Scope) Dialer(base net.Dialer) *net.Dialer {
	look := func(address string) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		return s.Check(addr)
	}
	if first := base.ControlContext; first != nil {
		base.ControlContext = func(ctx context.Context, network, address string, c syscall.RawConn) error {
			if err := look(address); err != nil {
				return err
			}
			return first(ctx, network, address, c)
		}
		return &base
	}
	first := base.Control
	base.Control = func(network, address string, c syscall.RawConn) error {
		if err := look(address); err != nil || first == nil {
			return err
		}
		return first(network, address, c)
	}
	return &base
}
