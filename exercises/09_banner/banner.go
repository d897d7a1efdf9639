package banner

import (
	"context"
	"errors"
	"net/netip"
)

// Grab connects to addr and finds out who answers there: it waits for the server
// for opt.Wait, then asks by HTTP, then, on a new connection, by TLS. The whole
// takes no longer than opt.Timeout; what was said by then is no error.
//
// A server that says nothing is unknown, and no error. That nobody can be
// reached, or that ctx has ended, is one.
func Grab(ctx context.Context, addr netip.AddrPort, opt Options) (Banner, error) {
	// TODO: connect, and read until the server has been quiet for opt.Wait.
	// TODO: if it said nothing, send a HEAD request, and read again.
	// TODO: if it said nothing still, or 400, try a TLS handshake on a new connection.
	// TODO: who is it? Look at how the answer begins.
	return Banner{}, errors.New("banner: Grab is not implemented yet")
}
