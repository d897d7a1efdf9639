// Package fdrpc lets the processes of a lab call each other over a Unix stream
// socket and pass open files along: JSON requests and answers, each with the
// descriptors that belong to it (SCM_RIGHTS, unix(7)). JSON-RPC libraries carry
// no descriptors, and without them a lab would have to put programs and
// recordings into files, which a killed kit would leave behind.
package fdrpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	headerSize = 5       // length of the body, big-endian, and the number of files
	maxBody    = 1 << 28 // bytes; a recording of 64 MiB is passed as a file, not in a body
	maxFiles   = 8
)

// ErrClosed is matched by the error of a call whose connection ended before
// the answer came.
var ErrClosed = errors.New("connection to the lab is gone")

// message is what travels: a request has a method, an answer has none.
type message struct {
	ID     uint64          `json:"id"`
	Method string          `json:"method,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Error  string          `json:"error,omitempty"`
	Errno  syscall.Errno   `json:"errno,omitempty"`

	files []*os.File
}

// RemoteError is an error that the other end's handler returned.
type RemoteError struct {
	Method string
	Text   string
	// Errno is the system error that the handler's error matched, or 0.
	Errno syscall.Errno
}

// Error returns the text of the other end's error.
func (e *RemoteError) Error() string { return e.Text }

// Unwrap returns the system error, so that errors.Is sees it.
func (e *RemoteError) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// Pair returns two connected sockets: one for this process, one as a file to
// hand to another process. Both close on exec.
func Pair() (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "lab channel")
	ours, err := FileConn(os.NewFile(uintptr(fds[0]), "lab channel"))
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// FileConn turns a descriptor that holds a Unix socket into a connection. It
// takes f over.
func FileConn(f *os.File) (*net.UnixConn, error) {
	c, err := net.FileConn(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("socket of the lab: %w", err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("descriptor holds %T, not a Unix socket", c), c.Close())
	}
	return u, nil
}

// wire reads and writes messages.
type wire struct {
	conn *net.UnixConn
	wmu  sync.Mutex
}

// errTooLarge is matched by the error of a message that is never sent.
var errTooLarge = errors.New("message is too large")

// send sends m. An error that does not match ErrClosed left the connection as
// it was: nothing of m was sent.
func (w *wire) send(m message, files []*os.File) error {
	packet, err := pack(m, len(files))
	if err != nil {
		return err
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	w.wmu.Lock()
	defer w.wmu.Unlock()
	n, _, err := w.conn.WriteMsgUnix(packet, rights, nil)
	if err == nil && n < len(packet) {
		if _, err = w.conn.Write(packet[n:]); err != nil {
			// Half a message is on its way: nothing can follow it.
			return fmt.Errorf("%w: %w", ErrClosed, errors.Join(err, w.conn.Close()))
		}
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// pack puts the header before the message.
func pack(m message, files int) ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if len(data) > maxBody || files > maxFiles {
		return nil, fmt.Errorf("%w: %d bytes and %d files", errTooLarge, len(data), files)
	}
	packet := make([]byte, headerSize, headerSize+len(data))
	binary.BigEndian.PutUint32(packet, uint32(len(data))) //nolint:gosec // bounded above
	packet[4] = byte(files)                               //nolint:gosec // bounded above
	return append(packet, data...), nil
}

func (w *wire) receive() (message, error) {
	head := make([]byte, headerSize)
	oob := make([]byte, unix.CmsgSpace(maxFiles*4))
	n, oobn, _, _, err := w.conn.ReadMsgUnix(head, oob)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return message{}, err
	}
	files, err := rights(oob[:oobn])
	if err != nil {
		return message{}, err
	}
	if _, err := io.ReadFull(w.conn, head[n:]); err != nil {
		return message{}, errors.Join(err, closeAll(files))
	}
	size := binary.BigEndian.Uint32(head)
	if size > maxBody || int(head[4]) != len(files) {
		return message{}, errors.Join(fmt.Errorf("malformed message: %d bytes, %d of %d files", size, len(files), head[4]), closeAll(files))
	}
	m := message{}
	// The buffer grows with what comes, not with what the header promises.
	var body bytes.Buffer
	if _, err := io.CopyN(&body, w.conn, int64(size)); err != nil {
		return message{}, errors.Join(err, closeAll(files))
	}
	if err := json.Unmarshal(body.Bytes(), &m); err != nil {
		return message{}, errors.Join(fmt.Errorf("malformed message: %w", err), closeAll(files))
	}
	m.files = files
	return m, nil
}

// rights takes the files out of a control message.
func rights(oob []byte) ([]*os.File, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("control message: %w", err)
	}
	var files []*os.File
	for i := range msgs {
		fds, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("control message: %w", err), closeAll(files))
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "passed file"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Client makes calls. Its methods may be used from several goroutines.
type Client struct {
	wire wire

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan message
	err     error // why no answer will come any more
	done    chan struct{}
}

// NewClient returns a client on conn, which it takes over.
func NewClient(conn *net.UnixConn) *Client {
	c := &Client{wire: wire{conn: conn}, waiting: map[uint64]chan message{}, done: make(chan struct{})}
	go c.receive()
	return c
}

// Call has the other end run method with params and decodes its answer into
// result, which may be nil. The files stay the caller's; those that come back
// are the caller's to close. Errors: *RemoteError from the handler, ErrClosed
// where the connection ended, ctx.Err().
func (c *Client) Call(ctx context.Context, method string, params any, files []*os.File, result any) ([]*os.File, error) {
	p, err := c.Send(method, params, files)
	if err != nil {
		return nil, err
	}
	out, err := p.Answer(ctx, result)
	if err != nil {
		p.Forget()
	}
	return out, err
}

// Pending is a call whose answer is still to be taken, by Answer or Forget.
type Pending struct {
	client *Client
	id     uint64
	method string
	answer chan message
}

// Send sends a call and does not wait for its answer. The files stay the
// caller's, who may close them at once.
func (c *Client) Send(method string, params any, files []*os.File) (*Pending, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("%s: encode: %w", method, err)
	}
	p := &Pending{client: c, method: method, answer: make(chan message, 1)}
	if p.id, err = c.register(p.answer); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	if err := c.wire.send(message{ID: p.id, Method: method, Body: body}, files); err != nil {
		p.Forget()
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return p, nil
}

// Answer waits for the answer, with Call's results and errors. After ctx.Err()
// the answer can still be taken later.
func (p *Pending) Answer(ctx context.Context, result any) ([]*os.File, error) {
	select {
	case m, ok := <-p.answer:
		if !ok {
			return nil, fmt.Errorf("%s: %w", p.method, p.client.cause())
		}
		return m.decode(p.method, result)
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", p.method, ctx.Err())
	}
}

// Forget gives the call up; its answer and the files in it are thrown away.
func (p *Pending) Forget() {
	p.client.mu.Lock()
	_, waiting := p.client.waiting[p.id]
	delete(p.client.waiting, p.id)
	p.client.mu.Unlock()
	if waiting {
		close(p.answer) // nobody else will
		return
	}
	for m := range p.answer {
		_ = closeAll(m.files) // what nobody looks at cannot fail
	}
}

// decode takes an answer apart.
func (m message) decode(method string, result any) ([]*os.File, error) {
	if m.Error != "" {
		return nil, errors.Join(&RemoteError{Method: method, Text: m.Error, Errno: m.Errno}, closeAll(m.files))
	}
	if result == nil {
		return m.files, nil
	}
	if err := json.Unmarshal(m.Body, result); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: decode: %w", method, err), closeAll(m.files))
	}
	return m.files, nil
}

func (c *Client) register(answer chan message) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.next++
	c.waiting[c.next] = answer
	return c.next, nil
}

func (c *Client) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Client) receive() {
	defer close(c.done)
	for {
		m, err := c.wire.receive()
		if err != nil {
			c.fail(fmt.Errorf("%w: %w", ErrClosed, err))
			return
		}
		c.mu.Lock()
		answer, ok := c.waiting[m.ID]
		delete(c.waiting, m.ID)
		c.mu.Unlock()
		if !ok {
			_ = closeAll(m.files) // the caller gave up; nobody wants the answer
			continue
		}
		answer <- m
		close(answer)
	}
}

func (c *Client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	for id, answer := range c.waiting {
		close(answer)
		delete(c.waiting, id)
	}
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close ends the connection; calls under way fail with ErrClosed.
func (c *Client) Close() error {
	err := c.wire.conn.Close()
	<-c.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Handler answers one method. The files that come with the request are the
// handler's to close; those that it returns are closed once they are sent.
type Handler func(ctx context.Context, body json.RawMessage, files []*os.File) (result any, out []*os.File, err error)

// Serve answers requests on conn, each in its own goroutine, until the other
// end closes the connection (nil) or it breaks (an error). The handlers'
// context ends then.
func Serve(ctx context.Context, conn *net.UnixConn, handlers map[string]Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	w := &wire{conn: conn}
	for {
		m, err := w.receive()
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) {
			return nil
		}
		if err != nil {
			return err
		}
		calls.Go(func() { w.answer(ctx, m, handlers[m.Method]) })
	}
}

func (w *wire) answer(ctx context.Context, m message, h Handler) {
	if h == nil {
		_ = closeAll(m.files)
		_ = w.send(message{ID: m.ID, Error: "unknown method " + m.Method}, nil)
		return
	}
	result, out, err := h(ctx, m.Body, m.files)
	defer func() { _ = closeAll(out) }()
	var body []byte
	if err == nil {
		body, err = json.Marshal(result)
	}
	if err == nil {
		err = w.send(message{ID: m.ID, Body: body}, out)
	}
	if err != nil {
		// Where this fails the other end is gone, and receive sees that too.
		_ = w.send(refusal(m.ID, err), nil)
	}
}

// refusal is the answer that carries an error.
func refusal(id uint64, err error) message {
	m := message{ID: id, Error: err.Error()}
	if m.Error == "" {
		m.Error = fmt.Sprintf("%T", err) // an answer without text is a success
	}
	_ = errors.As(err, &m.Errno) // stays 0 where the error is no system error
	return m
}
