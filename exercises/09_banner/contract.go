// Package banner asks an open port who it is: it waits for the server to speak,
// and speaks first only if the server does not.
//
// This file is given. It fixes the signatures that the checks call; your code
// goes into banner.go. If the compiler complains here, a signature there has
// changed.
package banner

import (
	"context"
	"net/netip"
	"time"
)

// Options say how long things may take.
type Options struct {
	// Wait is how long a server is waited for before you speak, and how long
	// it must have been quiet for its answer to be over.
	Wait time.Duration
	// Timeout bounds the whole call. It must be longer than Wait.
	Timeout time.Duration
}

// Banner is what a server says of itself.
type Banner struct {
	Raw []byte // what it sent in plaintext, 1024 bytes at most
	// Text is Raw as valid UTF-8: what is none becomes U+FFFD.
	Text string
	// Service is ssh, smtp, ftp, pop3, imap, http, https, redis, mysql, tls, echo,
	// or unknown.
	Service    string
	SpokeFirst bool // it spoke before it was spoken to
	TLS        bool // it speaks TLS
}

var _ func(ctx context.Context, addr netip.AddrPort, opt Options) (Banner, error) = Grab
