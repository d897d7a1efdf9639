package scope

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// scope is what the lines of a scope file say.
type scope struct {
	allowed, denied []netip.Prefix
}

// Parse reads a scope: lines "allow CIDR" and "deny CIDR", where a bare address
// is one host. What follows a # is a comment. Every bad line is an error that
// names it, and one is enough to refuse the file: whoever wrote it meant
// something that is not known.
func Parse(r io.Reader) (*Scope, error) {
	var s Scope
	var errs []error
	lines := bufio.NewScanner(r) // it takes care of CRLF
	n := 0
	for lines.Scan() {
		n++
		if err := s.add(lines.Text()); err != nil {
			errs = append(errs, fmt.Errorf("scope: line %d: %w", n, err))
		}
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, fmt.Errorf("scope: after line %d: %w", n, err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &s, nil
}

// add takes in one line.
func (s *scope) add(line string) error {
	text, _, _ := strings.Cut(line, "#")
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return nil
	case len(words) != 2:
		return fmt.Errorf("%q: write allow or deny, and one network such as 192.0.2.0/24", line)
	}
	prefix, err := parseNetwork(words[1])
	if err != nil {
		return err
	}
	switch words[0] {
	case "allow":
		s.allowed = append(s.allowed, prefix)
	case "deny":
		s.denied = append(s.denied, prefix)
	default:
		return fmt.Errorf("%q: a line begins with allow or deny", words[0])
	}
	return nil
}

// parseNetwork reads a network, or an address as the network of that one host.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = plain(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("%q is neither a network nor an address: write 192.0.2.0/24 or 192.0.2.1", text)
	}
	const disguise = 96 // bits before the IPv4 address in an IPv4-mapped one
	if prefix.Addr().Is4In6() && prefix.Bits() >= disguise {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-disguise)
	}
	return prefix, nil
}

// plain takes off what does not change which machine is meant: the disguise of
// an IPv4 address (RFC 4291, section 2.5.5.2), and a zone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// everybody is the limited broadcast address (RFC 919).
var everybody = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Check returns nil where addr may be reached, else an error that matches
// ErrOutOfScope: deny wins, and nothing is allowed that no line allows. What
// names no single machine is never in scope.
func (s *Scope) Check(addr netip.Addr) error {
	addr = plain(addr)
	holds := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case !addr.IsValid(), addr.IsUnspecified(), addr.IsMulticast(), addr == everybody:
		return fmt.Errorf("%v is no machine: %w", addr, ErrOutOfScope)
	case slices.ContainsFunc(s.denied, holds):
		return fmt.Errorf("%v is denied: %w", addr, ErrOutOfScope)
	case !slices.ContainsFunc(s.allowed, holds):
		return fmt.Errorf("%v is not allowed: %w", addr, ErrOutOfScope)
	}
	return nil
}

// Dialer returns a dialer like base that reaches nothing out of scope. It looks
// at each address when its socket exists and has sent nothing yet: by then names
// are resolved, and nobody resolves them again.
func (s *Scope) Dialer(base net.Dialer) *net.Dialer {
	next := base.ControlContext
	if control := base.Control; next == nil && control != nil {
		next = func(_ context.Context, network, address string, c syscall.RawConn) error {
			return control(network, address, c)
		}
	}
	base.Control = nil // ControlContext takes precedence
	base.ControlContext = func(ctx context.Context, network, address string, c syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%q: %w: %w", address, ErrOutOfScope, err) // no address, no permission
		}
		if err := s.Check(addr.Addr()); err != nil || next == nil {
			return err
		}
		return next(ctx, network, address, c)
	}
	return &base
}
