package fdrpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"wirelab/labenv/fdrpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should happen at once.
const patience = 10 * time.Second

// handlers are what the tests' servers can do.
var handlers = map[string]fdrpc.Handler{
	"echo": func(_ context.Context, body json.RawMessage, files []*os.File) (any, []*os.File, error) {
		return body, files, nil
	},
	"nothing": func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) { return nil, nil, nil },
	"fail": func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) {
		return nil, nil, fmt.Errorf("open the gate: %w", syscall.EACCES)
	},
	"fail without errno": func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) {
		return nil, nil, errors.New("no luck")
	},
	"fail without words": func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) {
		return nil, nil, errors.New("")
	},
	"fail with files": func(_ context.Context, _ json.RawMessage, files []*os.File) (any, []*os.File, error) {
		return nil, files, syscall.EIO
	},
	"unencodable": func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) {
		return make(chan int), nil, nil
	},
	"too many files": func(_ context.Context, _ json.RawMessage, files []*os.File) (any, []*os.File, error) {
		return nil, []*os.File{files[0], files[0], files[0], files[0], files[0], files[0], files[0], files[0], files[0]}, nil
	},
	"hang": func(ctx context.Context, _ json.RawMessage, _ []*os.File) (any, []*os.File, error) {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	},
}

// connect returns a client whose server serves handlers, and the server's end.
func connect(t *testing.T) (*fdrpc.Client, *server) {
	t.Helper()
	ours, theirs, err := fdrpc.Pair()
	require.NoError(t, err)
	conn, err := fdrpc.FileConn(theirs)
	require.NoError(t, err)
	s := &server{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = fdrpc.Serve(context.Background(), conn, handlers)
	}()
	c := fdrpc.NewClient(ours)
	t.Cleanup(func() {
		assert.NoError(t, c.Close())
		s.stop()
	})
	return c, s
}

type server struct {
	conn *net.UnixConn
	done chan struct{} // closed when err is set
	err  error         // how it ended
}

// stop closes the server's end and waits for its handlers.
func (s *server) stop() {
	_ = s.conn.Close() // a test may have closed it
	<-s.done
}

func TestAnswers(t *testing.T) {
	c, _ := connect(t)
	var got []string
	files, err := c.Call(t.Context(), "echo", []string{"a", "ü"}, nil, &got)
	require.NoError(t, err)
	assert.Empty(t, files)
	assert.Equal(t, []string{"a", "ü"}, got)
	_, err = c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err)
}

func TestErrorsOfTheHandler(t *testing.T) {
	c, _ := connect(t)
	for method, want := range map[string]struct {
		text  string
		errno syscall.Errno
	}{
		"fail":               {"open the gate: permission denied", syscall.EACCES},
		"fail without errno": {"no luck", 0},
		"fail without words": {"*errors.errorString", 0},
		"unencodable":        {"json: unsupported type: chan int", 0},
		"no such method":     {"unknown method no such method", 0},
	} {
		_, err := c.Call(t.Context(), method, nil, nil, nil)
		var remote *fdrpc.RemoteError
		require.ErrorAs(t, err, &remote, method)
		assert.Equal(t, fdrpc.RemoteError{Method: method, Text: want.text, Errno: want.errno}, *remote)
		assert.NotErrorIs(t, err, fdrpc.ErrClosed, method)
		if want.errno != 0 {
			assert.ErrorIs(t, err, want.errno, method)
		}
	}
	_, err := c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err, "the connection goes on")
}

// Mistakes of the caller are told and leave the connection as it was.
func TestErrorsOfTheCaller(t *testing.T) {
	c, _ := connect(t)
	closed := file(t, "")
	require.NoError(t, closed.Close())
	open := file(t, "")
	for name, call := range map[string]func() error{
		"params that are no JSON": func() error { _, err := c.Call(t.Context(), "echo", make(chan int), nil, nil); return err },
		"a closed file":           func() error { _, err := c.Call(t.Context(), "echo", 1, []*os.File{closed}, nil); return err },
		"too many files": func() error {
			_, err := c.Call(t.Context(), "echo", 1, []*os.File{open, open, open, open, open, open, open, open, open}, nil)
			return err
		},
		"a result of another type": func() error { var n int; _, err := c.Call(t.Context(), "echo", "x", nil, &n); return err },
		"a server's too many files": func() error {
			_, err := c.Call(t.Context(), "too many files", 1, []*os.File{open}, nil)
			return err
		},
	} {
		err := call()
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, fdrpc.ErrClosed, name)
	}
	_, err := c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err)
}

func file(t *testing.T, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFilesTravelBothWays(t *testing.T) {
	c, _ := connect(t)
	var sent []*os.File
	for i := range 8 {
		sent = append(sent, file(t, fmt.Sprint("content ", i)))
	}
	got, err := c.Call(t.Context(), "echo", nil, sent, nil)
	require.NoError(t, err)
	require.Len(t, got, len(sent))
	for i, f := range got {
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint("content ", i), string(data))
		require.NoError(t, f.Close())
		_, err = sent[i].Stat()
		require.NoError(t, err, "what was sent is still the sender's")
	}
}

// Whatever way a call takes, no descriptor stays behind.
func TestNoDescriptorIsLeft(t *testing.T) {
	c, _ := connect(t)
	f := []*os.File{file(t, "x")}
	_, err := c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err)
	before := openFiles(t)
	for range 20 {
		for _, method := range []string{"unknown", "fail with files"} {
			_, err := c.Call(t.Context(), method, nil, f, nil)
			require.Error(t, err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := c.Call(over, "echo", nil, f, nil); err == nil {
			require.NoError(t, got[0].Close())
		}
		var number int
		_, err := c.Call(t.Context(), "echo", "no number", f, &number)
		require.Error(t, err)
	}
	assert.Eventually(t, func() bool { return openFiles(t) == before }, patience, time.Millisecond, "files that were given up are closed when they arrive")
}

func openFiles(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(fds)
}

func TestLargeBodies(t *testing.T) {
	c, _ := connect(t)
	for _, size := range []int{0, 1, 1 << 16, 4 << 20} {
		sent := strings.Repeat("x", size)
		var got string
		_, err := c.Call(t.Context(), "echo", sent, nil, &got)
		require.NoError(t, err)
		require.Equal(t, len(sent), len(got))
		require.True(t, sent == got)
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	c, _ := connect(t)
	var all sync.WaitGroup
	for i := range 200 {
		f := file(t, strconv.Itoa(i))
		all.Go(func() {
			var got int
			files, err := c.Call(t.Context(), "echo", i, []*os.File{f}, &got)
			if !assert.NoError(t, err) {
				return
			}
			data, err := io.ReadAll(files[0])
			assert.NoError(t, err)
			assert.Equal(t, strconv.Itoa(i), string(data), "the file belongs to the call")
			assert.Equal(t, i, got)
			assert.NoError(t, files[0].Close())
		})
	}
	all.Wait()
}

func TestContextEndsTheWait(t *testing.T) {
	c, _ := connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := c.Call(ctx, "hang", nil, nil, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, fdrpc.ErrClosed)
	_, err = c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err, "others are not affected")
}

// An answer can be waited for again after a context has ended, and be given
// up; both ways end.
func TestPendingCalls(t *testing.T) {
	c, _ := connect(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := c.Send("echo", 7, nil)
	require.NoError(t, err)
	var got int
	if _, err := p.Answer(over, &got); err != nil {
		require.ErrorIs(t, err, context.Canceled)
		_, err = p.Answer(t.Context(), &got)
		require.NoError(t, err)
	}
	assert.Equal(t, 7, got)
	p, err = c.Send("echo", 7, []*os.File{file(t, "")})
	require.NoError(t, err)
	p.Forget()
	p.Forget()
}

func TestPeerIsGone(t *testing.T) {
	c, s := connect(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := c.Call(context.Background(), "hang", nil, nil, nil)
			// Its handlers may have answered before the connection went.
			assert.Error(t, err)
		})
	}
	_, err := c.Call(t.Context(), "nothing", nil, nil, nil)
	require.NoError(t, err)
	require.NoError(t, s.conn.Close())
	all.Wait()
	<-c.Done()
	_, err = c.Call(t.Context(), "nothing", nil, nil, nil)
	require.ErrorIs(t, err, fdrpc.ErrClosed)
}

func TestCloseEndsCalls(t *testing.T) {
	c, s := connect(t)
	p, err := c.Send("hang", nil, nil)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err = p.Answer(t.Context(), nil)
	require.ErrorIs(t, err, fdrpc.ErrClosed)
	_, err = c.Call(t.Context(), "nothing", nil, nil, nil)
	require.ErrorIs(t, err, fdrpc.ErrClosed)
	<-s.done
	assert.NoError(t, s.err, "the server sees an orderly end")
}

func TestFileConnTakesSocketsAlone(t *testing.T) {
	_, err := fdrpc.FileConn(file(t, ""))
	require.Error(t, err)
}
