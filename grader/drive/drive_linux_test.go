package drive_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/drive"
	"wirelab/labenv"
)

// patient is the limit of tests that expect an answer. Those that expect none
// use hasty.
const (
	patient = time.Minute
	hasty   = time.Second
)

func open(t *testing.T, limits drive.Limits, exit labenv.Exit) *drive.Driver {
	t.Helper()
	limits.Start = patient
	if limits.Call == 0 {
		limits.Call = patient
	}
	d, err := drive.Start(t.Context(), start(t, "", exit), limits)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func call(t *testing.T, d *drive.Driver, method string, args ...any) *drive.Reply {
	t.Helper()
	r, err := d.Call(t.Context(), method, args...)
	require.NoError(t, err)
	return r
}

func TestValuesSurviveTheWay(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	addr := netip.MustParseAddrPort("[fd77::10%eth0]:41877")
	verdict := port.Result{Port: 9, State: port.Open, Reason: port.SYNACK, RTT: time.Millisecond}
	ports := []uint16{1, 65535}
	r := call(t, d, "Echo", addr, 300*time.Millisecond, verdict, ports)

	var gotAddr netip.AddrPort
	var gotTime time.Duration
	var gotVerdict port.Result
	var gotPorts []uint16
	for i, v := range []any{&gotAddr, &gotTime, &gotVerdict, &gotPorts} {
		require.NoError(t, r.Decode(i, v))
	}
	assert.Equal(t, addr, gotAddr)
	assert.Equal(t, 300*time.Millisecond, gotTime)
	assert.Equal(t, verdict, gotVerdict)
	assert.Equal(t, ports, gotPorts)
	assert.Nil(t, r.Err)
	assert.Positive(t, r.Took)
	assert.Zero(t, r.After)
	assert.GreaterOrEqual(t, r.Late, time.Duration(0))
	assert.Error(t, r.Decode(4, &gotTime), "there is no fifth result")
	assert.Error(t, r.Decode(3, &gotAddr), "a list is no address")
	assert.Empty(t, call(t, d, "Nothing").Results)
}

func TestCallsAreServedAtOnce(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			_, err := d.Call(t.Context(), "Meet")
			assert.NoError(t, err)
		})
	}
	both.Wait()
}

// A mistake in the kit is neither a crash nor a hang of the learner's.
func TestFaultsOfTheKitAreNobodysDeath(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	for name, call := range map[string]func() (*drive.Reply, error){
		"no such function":  func() (*drive.Reply, error) { return d.Call(t.Context(), "Nix") },
		"too few arguments": func() (*drive.Reply, error) { return d.Call(t.Context(), "Wait", 1) },
		"wrong arguments":   func() (*drive.Reply, error) { return d.Call(t.Context(), "Exit", "zero") },
		"argument not JSON": func() (*drive.Reply, error) { return d.Call(t.Context(), "Exit", make(chan int)) },
		"result not JSON":   func() (*drive.Reply, error) { return d.Call(t.Context(), "Unencodable") },
	} {
		_, err := call()
		assert.Error(t, err, name)
		assert.Empty(t, death(err), name)
	}
	assert.Nil(t, call(t, d, "Fail", "nil").Err, "the program lives on")
}

// death names the type of an error that is the learner's doing.
func death(err error) string {
	var crash *drive.CrashError
	var hang *drive.HangError
	var tamper *drive.TamperError
	var flood *drive.FloodError
	switch {
	case errors.As(err, &crash):
		return "crash"
	case errors.As(err, &hang):
		return "hang"
	case errors.As(err, &tamper):
		return "tamper"
	case errors.As(err, &flood):
		return "flood"
	}
	return ""
}

func TestCancellationIsForwarded(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	r, err := d.Call(ctx, "Wait")
	require.NoError(t, err)
	assert.ErrorIs(t, r.Err, context.Canceled)
	assert.NotErrorIs(t, r.Err, context.DeadlineExceeded)
	assert.Equal(t, "waiting: context canceled", r.Err.Error())
	assert.Positive(t, r.After)
	assert.GreaterOrEqual(t, r.Took, 20*time.Millisecond)
}

func TestAfterMeasuresADawdler(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	const while = 150 * time.Millisecond
	r, err := d.Call(ctx, "Dawdle", while)
	require.NoError(t, err)
	assert.ErrorIs(t, r.Err, context.Canceled)
	assert.GreaterOrEqual(t, r.After, while)
	assert.Less(t, r.After, while+patient/2)
}

func TestDeadlineIsForwarded(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	r, err := d.Call(ctx, "Deadline")
	require.NoError(t, err)
	var left time.Duration
	require.NoError(t, r.Decode(0, &left))
	assert.InDelta(t, time.Hour, left, float64(patient))
	assert.Equal(t, "false", string(call(t, d, "Deadline").Results[1]), "none without one")

	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r, err = d.Call(soon, "Wait")
	require.NoError(t, err)
	assert.ErrorIs(t, r.Err, context.DeadlineExceeded)
	assert.NotErrorIs(t, r.Err, context.Canceled)
}

// A context that has ended already has ended for the learner's code as well,
// from its first line on, and in the same way.
func TestEndedContextsAreForwarded(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: late} {
		r, err := d.Call(ctx, "Deadline")
		require.NoError(t, err)
		assert.ErrorIs(t, r.Err, want)
		assert.Positive(t, r.After)
	}
}

func TestErrorsKeepWhatTheyMatch(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	sentinels := []error{
		context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded,
		net.ErrClosed, syscall.ECONNREFUSED, syscall.EINTR, errors.New("decoy"),
	}
	for kind, want := range map[string][]error{
		"refused":   {syscall.ECONNREFUSED},
		"timeout":   {os.ErrDeadlineExceeded},
		"joined":    {context.Canceled, io.ErrUnexpectedEOF},
		"closed":    {net.ErrClosed},
		"something": nil,
		"yes":       nil, // forged: it matches nothing
	} {
		got := call(t, d, "Fail", kind).Err
		require.NotNil(t, got, kind)
		var matched []error
		for _, s := range sentinels {
			if errors.Is(got, s) {
				matched = append(matched, s)
			}
		}
		assert.Equal(t, want, matched, kind)
		assert.Equal(t, kind == "timeout", got.Timeout, kind)
		assert.Equal(t, kind == "yes", got.Forged, kind)
	}
	assert.Equal(t, 111, call(t, d, "Fail", "refused").Err.Errno)
	assert.LessOrEqual(t, len(call(t, d, "Fail", "long").Err.Text), 4<<10+2)
	assert.NotErrorIs(t, call(t, d, "Fail", "nil").Err, io.EOF, "no error matches nothing")
}

func TestGoroutinesAreCounted(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	call(t, d, "Leak", 0)
	before, err := d.Goroutines(t.Context())
	require.NoError(t, err)
	call(t, d, "Leak", 3)
	after, err := d.Goroutines(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before+3, after)
}

func TestOutputIsKept(t *testing.T) {
	t.Parallel()
	d := open(t, drive.Limits{Output: 100}, labenv.Exit{})
	call(t, d, "Print", []byte("dial 9001\n"), 1, false)
	call(t, d, "Print", []byte("\xff oops\n"), 1, true)
	assert.Eventually(t, func() bool { return d.Output().Bytes == 17 }, patient, time.Millisecond)
	assert.Contains(t, d.Output().Text, "dial 9001\n")
	assert.Contains(t, d.Output().Text, "\uFFFD oops\n")

	call(t, d, "Print", []byte("0123456789"), 1000, false)
	assert.Eventually(t, func() bool { return d.Output().Bytes == 10_017 }, patient, time.Millisecond)
	text := d.Output().Text
	assert.Contains(t, text, "\n... 9917 bytes left out ...\n")
	assert.Contains(t, text, "dial 9001\n")
	assert.True(t, strings.HasSuffix(text, "0123456789"), text)
	assert.Less(t, len(text), 200)
}

func TestClosedDriverSaysSo(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{})
	waiting := make(chan error, 1)
	go func() {
		_, err := d.Call(context.Background(), "Hang", 0)
		waiting <- err
	}()
	call(t, d, "Nothing")
	require.NoError(t, d.Close())
	require.NoError(t, d.Close(), "twice is no error")
	assert.ErrorIs(t, <-waiting, drive.ErrClosed)
	_, err := d.Call(t.Context(), "Nothing")
	assert.ErrorIs(t, err, drive.ErrClosed)
	_, err = d.Goroutines(t.Context())
	assert.ErrorIs(t, err, drive.ErrClosed)
}

// watchedProcess tells whether it was closed before all that it printed was read.
type watchedProcess struct {
	*process
	read  atomic.Bool // to its end
	early atomic.Bool
}

func (w *watchedProcess) Stdout() io.Reader { return w }

func (w *watchedProcess) Read(b []byte) (int, error) {
	n, err := w.process.Stdout().Read(b)
	if err != nil {
		w.read.Store(true)
	}
	return n, err
}

func (w *watchedProcess) Close() error {
	w.early.Store(!w.read.Load())
	return w.process.Close()
}

// TestOutputIsReadToItsEnd: on a busy machine the reader of a program's output
// may come to it only after the program was killed.
func TestOutputIsReadToItsEnd(t *testing.T) {
	w := &watchedProcess{process: start(t, "", labenv.Exit{})}
	d, err := drive.Start(t.Context(), w, drive.Limits{})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.False(t, w.early.Load(), "the program was closed before its output was read")
}
