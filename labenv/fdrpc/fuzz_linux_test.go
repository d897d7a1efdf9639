package fdrpc_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
)

// packet is a well-formed request.
func packet(body string, files byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	return append(append(head, files), body...)
}

var seeds = [][]byte{
	nil, {0}, {0, 0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 0}, {0x0f, 0xff, 0xff, 0xff, 0, '{'},
	packet(`{"id":1,"method":"echo","body":{"a":[1,2]}}`, 0),
	packet(`{"id":1,"method":"echo"}`, 1),
	packet(`{"id":1,"error":"x","errno":13}`, 0),
	packet(`{"id":-1}`, 0), packet(`[]`, 0), packet(`null`, 0), packet(`{"id":1,"method":"nothing"`, 0),
}

// raw returns a socket to write anything to, and the connection that gets it.
func raw(t *testing.T, data []byte, files int) *net.UnixConn {
	t.Helper()
	ours, theirs, err := fdrpc.Pair()
	require.NoError(t, err)
	conn, err := fdrpc.FileConn(theirs)
	require.NoError(t, err)
	var rights []byte
	if files > 0 && len(data) > 0 {
		fds := make([]int, files)
		for i := range fds {
			fds[i] = int(os.Stdin.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	if len(data) > 0 { // what is written fits into the socket's buffer
		_, _, err = ours.WriteMsgUnix(data, rights, nil)
		require.NoError(t, err)
	}
	require.NoError(t, ours.CloseWrite())
	t.Cleanup(func() { _ = ours.Close() })
	return conn
}

// Whatever comes, a server neither hangs nor crashes, and keeps no file that
// it was sent.
func FuzzServe(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, uint8(0))
		f.Add(s, uint8(3))
		f.Add(append(packet(`{"id":1,"method":"echo"}`, 0), s...), uint8(0))
	}
	closing := map[string]fdrpc.Handler{
		"echo": func(_ context.Context, body json.RawMessage, files []*os.File) (any, []*os.File, error) {
			return body, files, nil
		},
	}
	f.Fuzz(func(t *testing.T, data []byte, files uint8) {
		data = data[:min(len(data), 1<<15)]
		conn := raw(t, data, int(files%12))
		_ = fdrpc.Serve(t.Context(), conn, closing) // that it returns is what is asked
		require.NoError(t, conn.Close())
	})
}

// Whatever comes, a client's call ends.
func FuzzClient(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, uint8(0))
		f.Add(s, uint8(9))
	}
	f.Fuzz(func(t *testing.T, data []byte, files uint8) {
		data = data[:min(len(data), 1<<15)]
		c := fdrpc.NewClient(raw(t, data, int(files%12)))
		var result any
		got, err := c.Call(t.Context(), "echo", nil, nil, &result)
		for _, f := range got {
			require.NoError(t, f.Close())
		}
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
		require.NoError(t, c.Close())
	})
}
