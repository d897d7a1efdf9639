package echo

import (
	"context"
	"errors"
	"net"
)

// Serve accepts connections from l and sends back on each what comes on it,
// until ctx ends. Then it closes l and every connection, and returns nil.
//
// Where l is closed by somebody else, the error matches net.ErrClosed. An
// error of Accept's that will pass (no descriptor left, a client that is gone)
// ends nothing: Serve waits a little and tries again.
func Serve(ctx context.Context, l net.Listener) error {
	// TODO: accept one connection after the other, and serve each in a goroutine of its own.
	// TODO: echo: send back what comes, until the client has sent all of it; then close.
	// TODO: when ctx ends, close the listener and all connections.
	return errors.New("echo: Serve is not implemented yet")
}
