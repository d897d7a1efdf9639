// Package scope says which addresses may be reached, and keeps a dialer to it.
//
// This file is given. It fixes the signatures that the checks call; your code
// goes into scope.go. If the compiler complains here, a signature there has
// changed.
package scope

import (
	"errors"
	"io"
	"net"
	"net/netip"
)

// ErrOutOfScope is matched by the errors of whatever may not be reached.
var ErrOutOfScope = errors.New("out of scope")

// Scope is what may be reached. How you keep it is your own affair: it is the
// type scope of scope.go.
type Scope struct{ scope }

var (
	_ func(r io.Reader) (*Scope, error)           = Parse
	_ func(s *Scope, addr netip.Addr) error       = (*Scope).Check
	_ func(s *Scope, base net.Dialer) *net.Dialer = (*Scope).Dialer
)
