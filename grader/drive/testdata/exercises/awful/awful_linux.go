// Package awful is learner code for the tests of package drive: one function,
// or one kind of start, for each thing that learner code may do.
package awful

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/drivers/serve"
)

// Functions are what the test program serves.
var Functions = serve.Functions{
	"Echo": Echo, "Wait": Wait, "Dawdle": Dawdle, "Deadline": Deadline, "Meet": Meet, "Nothing": Nothing,
	"Panic": Panic, "PanicElsewhere": PanicElsewhere, "PanicInError": PanicInError, "Overflow": Overflow,
	"Exit": Exit, "Kill": Kill, "Hang": Hang, "Spin": Spin, "HangDeaf": HangDeaf,
	"Print": Print, "PrintThenPanic": PrintThenPanic,
	"Write": Write, "Replay": Replay, "CloseChannel": CloseChannel, "ReplaceChannel": ReplaceChannel, "Big": Big,
	"Fail": Fail, "Leak": Leak, "Unencodable": Unencodable,
}

// Begin does what an init function might: it is called before serving.
func Begin(how string) {
	switch how {
	case "panic":
		panic("too early")
	case "exit":
		os.Exit(0)
	case "hang":
		signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1) // hangs without being a deadlock
		select {}
	case "write":
		Write("{}\n")
	}
}

// Echo returns what it is given.
func Echo(a netip.AddrPort, d time.Duration, r port.Result, list []uint16) (netip.AddrPort, time.Duration, port.Result, []uint16, error) {
	return a, d, r, list, nil
}

// Wait waits for the end of its context, and keeps to it.
func Wait(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("waiting: %w", ctx.Err())
}

// Dawdle takes a while longer than its context.
func Dawdle(ctx context.Context, while time.Duration) error {
	<-ctx.Done()
	<-time.After(while)
	return ctx.Err()
}

// Deadline tells how far away the context's deadline is.
func Deadline(ctx context.Context) (time.Duration, bool, error) {
	d, ok := ctx.Deadline()
	return time.Until(d), ok, ctx.Err()
}

var meeting sync.WaitGroup

// Meet returns when it has been called twice.
func Meet() {
	meetingOnce.Do(func() { meeting.Add(2) })
	meeting.Done()
	meeting.Wait()
}

var meetingOnce sync.Once

// Nothing returns nothing.
func Nothing() {}

// Panic reads beyond the end of a slice.
func Panic(s []int) int { return third(s) }

//go:noinline
func third(s []int) int { return s[3] }

// PanicElsewhere panics in a goroutine of its own.
func PanicElsewhere() {
	go func() { panic(errors.New("two\nlines")) }()
	select {}
}

// PanicInError returns an error whose text cannot be had.
func PanicInError() error { return (*hollow)(nil) }

type hollow struct{ text string }

func (h *hollow) Error() string { return h.text }

// Overflow recurses for ever.
func Overflow(n int) int { return Overflow(n+1) + n }

// Exit ends the program.
func Exit(code int) { os.Exit(code) }

// Kill sends the program a signal.
func Kill(number int) {
	syscall.Kill(os.Getpid(), syscall.Signal(number)) //nolint:errcheck // it works, or the test fails
	select {}
}

// Hang never returns.
func Hang(workers int) {
	for range workers {
		go worker()
	}
	select {}
}

func worker() { select {} }

// Spin never returns, and is busy with that.
func Spin() {
	for n := 0; ; n++ {
	}
}

// HangDeaf never returns and will not be asked where it is.
func HangDeaf() {
	signal.Ignore(syscall.SIGQUIT)
	select {}
}

// Print prints text n times, on standard output or standard error.
func Print(text []byte, n int, stderr bool) {
	to := os.Stdout
	if stderr {
		to = os.Stderr
	}
	to.Write(bytes.Repeat(text, n)) //nolint:errcheck // learners ignore it too
}

// PrintThenPanic prints, then panics.
func PrintThenPanic(n int) {
	fmt.Fprint(os.Stderr, strings.Repeat("x", n), "about to fail\n")
	panic("failed")
}

// Write writes to the grader's channel.
func Write(s string) {
	syscall.Write(serve.Descriptor, []byte(s)) //nolint:errcheck // it works, or the test fails
}

// Replay writes an answer that looks right, but for the token.
func Replay() {
	Write(`{"jsonrpc":"2.0","id":2,"result":{"results":["OPEN"]}}` + "\n")
	select {}
}

// CloseChannel closes the grader's channel and never returns.
func CloseChannel() {
	syscall.Close(serve.Descriptor) //nolint:errcheck // it works, or the test fails
	select {}
}

// ReplaceChannel puts standard output in the place of the grader's channel and
// returns.
func ReplaceChannel() {
	syscall.Dup3(1, serve.Descriptor, 0) //nolint:errcheck // it works, or the test fails
}

// Big returns n bytes.
func Big(n int) string { return strings.Repeat("x", n) }

// Leak leaves goroutines behind.
func Leak(n int) {
	for range n {
		go func() { select {} }()
	}
}

// Unencodable returns what JSON cannot say.
func Unencodable() (chan int, error) { return make(chan int), nil }

// Fail returns an error of the kind.
func Fail(kind string) error {
	switch kind {
	case "refused":
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case "timeout":
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	case "joined":
		return errors.Join(context.Canceled, fmt.Errorf("reading: %w", io.ErrUnexpectedEOF))
	case "closed":
		return fmt.Errorf("accept: %w", net.ErrClosed)
	case "long":
		return errors.New(strings.Repeat("é", 10_000))
	case "yes":
		return yes{}
	case "nil":
		return nil
	}
	return errors.New(kind)
}

// yes claims to be every error.
type yes struct{}

func (yes) Error() string { return "whatever you expect" }

func (yes) Is(error) bool { return true }
