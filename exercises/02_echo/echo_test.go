package echo

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// This test is yours: add to it what you want to be sure of. Run it with
// make try EX=02_echo.
func TestServe(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0") // the kernel chooses the port
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l) }()

	conn, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Second)))
	_, err = conn.Write([]byte("hello"))
	require.NoError(t, err)
	answer := make([]byte, 5)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err, "the server has to answer")
	assert.Equal(t, "hello", string(answer))

	// TODO: a second client, while the first stays and says nothing.
	// TODO: a client that closes its side, (*net.TCPConn).CloseWrite, and reads on.

	cancel()
	select {
	case err := <-served:
		assert.NoError(t, err)
	case <-time.After(time.Second):
		assert.Fail(t, "Serve did not return when its context had ended")
	}
}
