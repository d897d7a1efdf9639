package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"wirelab/exercises/port"
)

// Probe asks one TCP port whether it accepts connections, waits for the answer
// no longer than timeout, and returns the verdict. It connects once and hangs
// up at once.
//
// An error means that no verdict could be reached: ctx ended first (the error
// matches ctx.Err), an argument made no sense, or this machine could not ask.
// A port that refuses, or that says nothing, is no error.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	if err := askable(target, timeout); err != nil {
		return port.Result{}, fmt.Errorf("probe %v: %w", target, err)
	}
	start := time.Now()
	dialErr := knock(ctx, target, timeout)
	rtt := time.Since(start)

	state, reason, err := judge(ctx, dialErr)
	if err != nil {
		return port.Result{}, fmt.Errorf("probe %v: no verdict: %w", target, err)
	}
	if reason == port.NoResponse {
		rtt = 0 // what was measured is our own patience
	}
	return port.Result{Port: target.Port(), State: state, Reason: reason, RTT: rtt}, nil
}

// askable refuses questions that make no sense before a packet is sent. The
// dialer would take some of them: to it, a timeout of 0 means forever.
func askable(target netip.AddrPort, timeout time.Duration) error {
	switch {
	case !target.Addr().IsValid():
		return errors.New("there is no address to ask")
	case target.Port() == 0:
		return errors.New("port 0 cannot be asked: ports run from 1 to 65535")
	case timeout <= 0:
		return fmt.Errorf("a timeout of %v leaves no time for an answer", timeout)
	}
	return nil
}

// knock connects, hangs up, and returns what stood in the way, if anything.
func knock(ctx context.Context, target netip.AddrPort, timeout time.Duration) error {
	// A connection this short has no use for keep-alive messages.
	dialer := net.Dialer{Timeout: timeout, KeepAlive: -1}
	conn, err := dialer.DialContext(ctx, "tcp", target.String())
	if err != nil {
		return err
	}
	// The port has accepted, and a failure to hang up cannot take that back.
	_ = conn.Close()
	return nil
}

// judge turns the outcome of a dial into a verdict, or returns the reason why
// there is none. The order matters. An errno is an answer, and stays one even
// if ctx has ended meanwhile. Without an answer, ctx is asked before the
// clock: a dial that was interrupted looks like one that timed out.
func judge(ctx context.Context, dialErr error) (port.State, port.Reason, error) {
	if dialErr == nil {
		return port.Open, port.SYNACK, nil
	}
	var errno syscall.Errno
	if errors.As(dialErr, &errno) {
		return judgeErrno(errno)
	}
	if err := ended(ctx); err != nil {
		return "", "", err
	}
	var netErr net.Error
	if errors.As(dialErr, &netErr) && netErr.Timeout() {
		return port.Filtered, port.NoResponse, nil
	}
	return "", "", dialErr
}

// judgeErrno says what an errno of connect(2) tells about the port. Linux makes
// most of them from ICMP errors; see icmp(7) and RFC 1122, section 4.2.3.9.
// What it does not list happened on this machine and tells nothing.
func judgeErrno(errno syscall.Errno) (port.State, port.Reason, error) {
	switch errno {
	case syscall.ECONNRESET: // accepted, then reset before we looked
		return port.Open, port.SYNACK, nil
	case syscall.ECONNREFUSED:
		return port.Closed, port.ConnRefused, nil
	case syscall.ETIMEDOUT: // the kernel gave up before we did
		return port.Filtered, port.NoResponse, nil
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return port.Filtered, port.HostUnreach, nil
	case syscall.ENETUNREACH:
		return port.Filtered, port.NetUnreach, nil
	case syscall.ENOPROTOOPT:
		return port.Filtered, port.ProtoUnreach, nil
	case syscall.EACCES:
		return port.Filtered, port.AdminProhibited, nil
	}
	return "", "", errno
}

// ended returns why ctx has ended, or nil if it has not. The dial obeys ctx's
// deadline through a timer of its own, which may fire a moment before ctx's
// does; so the clock is asked as well.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}
