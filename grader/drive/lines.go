package drive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"wirelab/grader/drivers/serve"
)

// lines is a jrpc2 channel of one message a line that trusts the other end
// with nothing: a line must begin with the token, be short enough, and answer
// a request that has no answer yet.
type lines struct {
	conn  io.ReadWriteCloser
	in    *bufio.Scanner
	token []byte // with its blank
	limit int

	mu   sync.Mutex
	open map[string]string // the methods of requests without an answer, by id
}

func newLines(conn io.ReadWriteCloser, token string, limit int) *lines {
	l := &lines{conn: conn, token: []byte(token + " "), limit: limit, open: map[string]string{}}
	l.in = bufio.NewScanner(conn)
	l.in.Buffer(nil, limit+len(l.token)+1)
	l.in.Split(wholeLines)
	return l
}

// wholeLines splits at line ends. What follows the last one is left out: a
// program that dies while it writes has not answered.
func wholeLines(data []byte, _ bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}

// greet sends the token. That it could not be sent shows when the channel is
// read: the program has ended.
func (l *lines) greet() error {
	return l.write(bytes.TrimSuffix(l.token, []byte(" ")))
}

// Send writes one message of jrpc2's and remembers what it asks for.
func (l *lines) Send(msg []byte) error {
	var m message
	if err := json.Unmarshal(msg, &m); err != nil {
		return fmt.Errorf("message to the learner's program: %w", err)
	}
	if m.ID != nil {
		l.mu.Lock()
		l.open[string(m.ID)] = m.Method
		l.mu.Unlock()
	}
	return l.write(msg)
}

func (l *lines) write(msg []byte) error {
	_, err := l.conn.Write(append(bytes.Clone(msg), '\n'))
	if err != nil {
		return fmt.Errorf("writing to the learner's program: %w", err)
	}
	return nil
}

// Recv reads one answer. Its errors are io.EOF where the program closed the
// channel, a TamperError, a FloodError, or what reading gave.
func (l *lines) Recv() ([]byte, error) {
	if !l.in.Scan() {
		return nil, l.failure()
	}
	msg, ok := bytes.CutPrefix(l.in.Bytes(), l.token)
	if !ok || !l.answers(msg) {
		return nil, newTamper(l.in.Bytes())
	}
	return bytes.Clone(msg), nil
}

func (l *lines) failure() error {
	switch err := l.in.Err(); {
	case err == nil:
		return io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return &FloodError{Where: "one line of the grader's channel", Limit: int64(l.limit)}
	default:
		return fmt.Errorf("reading from the learner's program: %w", err)
	}
}

// message holds what is looked at in a message, sent or received.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *fault          `json:"error"`
}

// fault is a JSON-RPC error as serve sends it.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// answers tells whether msg is the answer to a request that waits for one, and
// takes it off those that wait.
func (l *lines) answers(msg []byte) bool {
	var m message
	dec := json.NewDecoder(bytes.NewReader(msg))
	dec.DisallowUnknownFields()
	if dec.Decode(&m) != nil || dec.More() || m.Version != "2.0" || m.Method != "" {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	method, waiting := l.open[string(m.ID)]
	delete(l.open, string(m.ID))
	return waiting && (m.Error != nil || validResult(method, m.Result))
}

// validResult tells whether raw is what serve returns from method.
func validResult(method string, raw json.RawMessage) bool {
	switch method {
	case serve.MethodReady:
		return string(raw) == "null"
	case serve.MethodGoroutines:
		var n int
		return json.Unmarshal(raw, &n) == nil
	default:
		var a *serve.Answer
		return json.Unmarshal(raw, &a) == nil && a != nil
	}
}

// Close closes the grader's end: the program sees the end of its input.
func (l *lines) Close() error { return l.conn.Close() }
