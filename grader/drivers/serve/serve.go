// Package serve is the learner's side of the channel: it is compiled with the
// learner's code into one program, and calls that code when the grader asks
// (package drive is the grader's side). It judges nothing. What it sends is
// data that the learner's code could send as well; all that its token proves
// is that a line was not printed there by accident or in clumsiness.
//
// The program needs a connected stream socket as its descriptor 3 and nothing
// else: no file, no environment. Every edit of the learner's links it anew, so
// it imports little beside encoding/json.
package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// maxStack bounds one goroutine's stack, in bytes, so that endless recursion
// ends as a stack overflow with its trace, and not for using too much memory.
const maxStack = 16 << 20

// Main serves functions over descriptor 3 until the grader closes the channel,
// then ends the program with StatusHungUp. A panic of the learner's is not
// recovered: the trace on standard error is what the grader reports.
func Main(functions Functions) {
	debug.SetMaxStack(maxStack)
	ch, err := open()
	if err != nil {
		lost(err)
	}
	s := &server{functions: functions, ch: ch, cancels: map[int64]context.CancelFunc{}, early: map[int64]bool{}}
	if err := s.loop(bufio.NewReader(ch)); !errors.Is(err, io.EOF) {
		lost(err)
	}
	os.Exit(StatusHungUp)
}

// open makes a file of descriptor 3. It is non-blocking, so that no thread of
// the system waits in read(2), and stays number 3: the one descriptor more
// that there is then is the poller's.
func open() (*os.File, error) {
	syscall.CloseOnExec(Descriptor)
	if err := syscall.SetNonblock(Descriptor, true); err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", Descriptor, err)
	}
	return os.NewFile(Descriptor, "channel"), nil
}

// lost ends a program that cannot reach the grader: it has nobody to serve.
func lost(err error) {
	fmt.Fprintln(os.Stderr, "the channel to the grader is lost:", err)
	os.Exit(StatusChannelLost)
}

// server is the program's end of the channel.
type server struct {
	functions Functions
	ch        io.Writer
	token     []byte // begins every line, with its blank

	writing sync.Mutex // held while a line is written
	mu      sync.Mutex // guards what follows
	cancels map[int64]context.CancelFunc
	early   map[int64]bool // calls cancelled that are not under way: yet, or no longer
}

// message is a request, or without an ID a notification.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// loop takes the token, then serves message after message. It returns io.EOF
// when the grader has hung up.
func (s *server) loop(r *bufio.Reader) error {
	token, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	token[len(token)-1] = ' '
	s.token = token
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("the grader's message: %w", err)
		}
		s.handle(m)
	}
}

// handle answers the program's own methods at once, so that counting the
// goroutines adds none, and starts a goroutine for each call of a function.
func (s *server) handle(m message) {
	switch m.Method {
	case MethodReady:
		s.result(m.ID, nil)
	case MethodGoroutines:
		s.result(m.ID, runtime.NumGoroutine())
	case MethodCancel:
		var c Cancel
		if json.Unmarshal(m.Params, &c) == nil {
			s.cancel(c.Call)
		}
	default:
		s.call(m)
	}
}

// call starts the call of a function that m asks for.
func (s *server) call(m message) {
	fn, ok := s.functions[m.Method]
	if !ok {
		s.fault(m.ID, CodeMethodNotFound, "no function "+m.Method)
		return
	}
	var req Request
	if err := json.Unmarshal(m.Params, &req); err != nil {
		s.fault(m.ID, CodeInvalidParams, err.Error())
		return
	}
	ctx := s.context(req)
	in, err := arguments(ctx, reflect.TypeOf(fn), req.Args)
	if err != nil {
		s.forget(req.Call)
		s.fault(m.ID, CodeInvalidParams, err.Error())
		return
	}
	go s.serve(m.ID, req.Call, reflect.ValueOf(fn), in)
}

// serve calls fn and sends what it returned.
func (s *server) serve(id json.RawMessage, call int64, fn reflect.Value, in []reflect.Value) {
	a, err := answer(fn.Type(), fn.Call(in))
	s.forget(call)
	if err != nil {
		s.fault(id, CodeInternal, err.Error())
		return
	}
	s.result(id, a)
}

// context makes the context of a call, and remembers how to cancel it.
func (s *server) context(req Request) context.Context {
	ctx, cancel := newContext(time.Duration(req.TimeoutNS))
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.Canceled || s.early[req.Call] {
		cancel()
	}
	s.cancels[req.Call] = cancel
	return ctx
}

func newContext(timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), timeout)
}

// cancel cancels the context of a call. The call may be over, or yet to come:
// the grader sends its messages in no particular order.
func (s *server) cancel(call int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.cancels[call]; ok {
		cancel()
		return
	}
	s.early[call] = true
}

// forget frees what the context of a call holds.
func (s *server) forget(call int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancels[call]()
	delete(s.cancels, call)
}

// result sends what a request asked for.
func (s *server) result(id json.RawMessage, v any) {
	s.send(map[string]any{"jsonrpc": "2.0", "id": id, "result": v})
}

// fault sends that a request could not be served.
func (s *server) fault(id json.RawMessage, code int, text string) {
	s.send(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": text}})
}

// send writes one line. A program that cannot write ends: whoever waits for
// its answer would wait for ever.
func (s *server) send(m map[string]any) {
	body, err := json.Marshal(m)
	if err != nil {
		lost(err)
	}
	line := append(append(s.token[:len(s.token):len(s.token)], body...), '\n')
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.ch.Write(line); err != nil {
		lost(err)
	}
}
