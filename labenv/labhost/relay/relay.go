// Package relay carries calls into a container over its standard input and
// output, the one way in that every engine offers: many streams side by side
// (hashicorp/yamux), each of which begins with one call. What follows the
// answer on the same stream is up to the call: a recording, or a program's
// channel for as long as both live.
package relay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// ErrClosed is matched by the errors of calls whose container is gone.
var ErrClosed = errors.New("the container is gone")

// maxLine bounds the header of a call and its answer, in bytes.
const maxLine = 16 << 20

// request opens a stream: a line of JSON, then Payload bytes.
type request struct {
	Method  string          `json:"method"`
	Body    json.RawMessage `json:"body,omitempty"`
	Payload int64           `json:"payload,omitempty"`
}

// answer is the line that comes back.
type answer struct {
	Body  json.RawMessage `json:"body,omitempty"`
	Error string          `json:"error,omitempty"`
}

// RemoteError is an error that the container's handler returned.
type RemoteError struct{ Method, Text string }

// Error returns the text of the other end's error.
func (e *RemoteError) Error() string { return e.Text }

// config keeps the library quiet: what ends a session is told by its errors.
// Whoever watches a container that hangs has deadlines of their own.
func config() *yamux.Config {
	c := yamux.DefaultConfig()
	c.EnableKeepAlive = false
	c.LogOutput = io.Discard
	c.StreamCloseTimeout = 0
	c.MaxStreamWindowSize = 1 << 20
	return c
}

// Stream is what is left of a call after its answer.
type Stream struct {
	net.Conn
	r *bufio.Reader
}

func newStream(c net.Conn) *Stream { return &Stream{c, bufio.NewReader(c)} }

// Read reads what the other end sends after its line.
func (s *Stream) Read(p []byte) (int, error) { return s.r.Read(p) }

// line reads one line of JSON.
func (s *Stream) line(v any) error {
	var text []byte
	for {
		part, err := s.r.ReadSlice('\n')
		text = append(text, part...)
		if err == nil {
			return json.Unmarshal(text, v)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if len(text) > maxLine {
			return fmt.Errorf("a line of more than %d bytes", maxLine)
		}
	}
}

// Session makes calls into one container. Its methods may be called from
// several goroutines.
type Session struct{ mux *yamux.Session }

// Dial takes over a container's standard input and output.
func Dial(rw io.ReadWriteCloser) (*Session, error) {
	mux, err := yamux.Client(rw, config())
	if err != nil {
		return nil, fmt.Errorf("talk to the container: %w", err)
	}
	return &Session{mux}, nil
}

// Close ends the session, and with it the container.
func (s *Session) Close() error { return s.mux.Close() }

// Do makes a call whose answer is all there is. Errors: ErrClosed, RemoteError,
// ctx's.
func (s *Session) Do(ctx context.Context, method string, params, result any) error {
	stream, err := s.Call(ctx, method, params, nil, result)
	if err != nil {
		return err
	}
	return stream.Close()
}

// Call makes a call with a payload and returns its stream, which the caller
// closes. ctx bounds the call up to the answer. Errors are those of Do.
func (s *Session) Call(ctx context.Context, method string, params any, payload []byte, result any) (*Stream, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	conn, err := s.mux.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", method, ErrClosed, err)
	}
	stream := newStream(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = stream.ask(request{method, body, int64(len(payload))}, payload, result)
	if !stop() && ctx.Err() != nil {
		err = fmt.Errorf("%s: %w", method, ctx.Err())
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return stream, nil
}

// ask sends a request and reads its answer.
func (s *Stream) ask(r request, payload []byte, result any) error {
	if err := json.NewEncoder(s).Encode(r); err != nil {
		return fmt.Errorf("%s: %w: %w", r.Method, ErrClosed, err)
	}
	if _, err := s.Write(payload); err != nil {
		return fmt.Errorf("%s: %w: %w", r.Method, ErrClosed, err)
	}
	var a answer
	if err := s.line(&a); err != nil {
		return fmt.Errorf("%s: %w: %w", r.Method, ErrClosed, err)
	}
	if a.Error != "" {
		return &RemoteError{r.Method, a.Error}
	}
	if result == nil || len(a.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(a.Body, result); err != nil {
		return fmt.Errorf("%s: the answer: %w", r.Method, err)
	}
	return nil
}

// Call is one call as its handler sees it.
type Call struct {
	Body json.RawMessage
	// Payload is what was sent along; it ends by itself.
	Payload io.Reader
	// Then is run on the stream after the answer was sent; nil ends it.
	Then func(*Stream)
}

// Handler answers calls of one method. What it returns is encoded as JSON.
type Handler func(ctx context.Context, c *Call) (any, error)

// Serve answers calls on rw until that ends.
func Serve(ctx context.Context, rw io.ReadWriteCloser, handlers map[string]Handler) error {
	mux, err := yamux.Server(rw, config())
	if err != nil {
		return fmt.Errorf("serve the container's calls: %w", err)
	}
	for {
		conn, err := mux.Accept()
		if err != nil {
			return nil //nolint:nilerr // the other end is gone: that is how a container ends
		}
		go func() {
			stream := newStream(conn)
			// An error ends this call alone, and its caller sees it.
			_ = stream.serve(ctx, handlers)
			_ = stream.Close()
		}()
	}
}

// serve answers the one call of a stream.
func (s *Stream) serve(ctx context.Context, handlers map[string]Handler) error {
	var r request
	if err := s.line(&r); err != nil {
		return err
	}
	call := &Call{Body: r.Body, Payload: io.LimitReader(s, r.Payload)}
	a := answer{}
	if h, ok := handlers[r.Method]; !ok {
		a.Error = "unknown call " + r.Method
	} else if result, err := h(ctx, call); err != nil {
		a.Error, call.Then = err.Error(), nil
	} else if a.Body, err = json.Marshal(result); err != nil {
		a.Error, call.Then = err.Error(), nil
	}
	if err := json.NewEncoder(s).Encode(a); err != nil || call.Then == nil {
		return err
	}
	call.Then(s)
	return nil
}
