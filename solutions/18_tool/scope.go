package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	scope "wirelab/exercises/10_scope"
)

// practice is the target of the practice lab.
const practice = "10.77.0.10"

// ownScope is what may be scanned where no scope file is named.
const ownScope = "allow 127.0.0.0/8\nallow ::1\nallow " + practice + "\n"

// errNoScope is added to a refusal by ownScope.
var errNoScope = errors.New("without -scope only loopback and " + practice + " may be scanned: list what you may scan in a file, and name it with -scope")

// allowed is what may be scanned.
type allowed struct {
	*scope.Scope
	named bool // it is of a file that was named
}

// readScope reads the scope. Where the file that was named cannot be read, or
// has a bad line, nothing may be scanned.
func (o options) readScope() (allowed, error) {
	if o.scope == "" {
		s, err := scope.Parse(strings.NewReader(ownScope))
		return allowed{Scope: s}, err
	}
	f, err := os.Open(o.scope)
	if err != nil {
		return allowed{}, fmt.Errorf("the scope: %w", err)
	}
	defer f.Close()
	s, err := scope.Parse(f)
	if err != nil {
		return allowed{}, fmt.Errorf("the scope, %s: %w", o.scope, err)
	}
	return allowed{Scope: s, named: true}, nil
}

// resolve returns the address to scan of a host that is given by address or by
// name: the first. All that a name stands for must be in scope, for whoever
// wrote the name meant one machine, and not the ones behind it that were not
// looked at.
func (a allowed) resolve(ctx context.Context, host string) (netip.Addr, error) {
	addrs, err := addresses(ctx, host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, addr := range addrs {
		err := a.Check(addr)
		if err != nil && !a.named {
			err = fmt.Errorf("%w; %w", err, errNoScope)
		}
		if err != nil {
			return netip.Addr{}, fmt.Errorf("%s may not be scanned: %w", host, err)
		}
	}
	return addrs[0].Unmap(), nil
}

// addresses returns what a host's name stands for, at least one address.
func addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err // it names the host
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	return addrs, nil
}
