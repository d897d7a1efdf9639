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

// lateness is how long after the verdict a connection is closed.
const lateness = 200 * time.Millisecond

// Probe answers first and hangs up later, in the background.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	if !target.IsValid() || target.Port() == 0 || timeout <= 0 {
		return port.Result{}, fmt.Errorf("%v cannot be asked for %v", target, timeout)
	}
	r := port.Result{Port: target.Port()}
	d := net.Dialer{Timeout: timeout}
	start := time.Now()
	conn, err := d.DialContext(ctx, "tcp", target.String())
	r.RTT = time.Since(start)
	if err == nil {
		time.AfterFunc(lateness, func() { conn.Close() })
		r.State, r.Reason = port.Open, port.SYNACK
		return r, nil
	}
	deadline, limited := ctx.Deadline()
	var timedOut net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		r.State, r.Reason = port.Closed, port.ConnRefused
	case errors.Is(err, syscall.ECONNRESET):
		r.State, r.Reason = port.Open, port.SYNACK
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		r.State, r.Reason = port.Filtered, port.HostUnreach
	case errors.Is(err, syscall.ENETUNREACH):
		r.State, r.Reason = port.Filtered, port.NetUnreach
	case errors.Is(err, syscall.ENOPROTOOPT):
		r.State, r.Reason = port.Filtered, port.ProtoUnreach
	case errors.Is(err, syscall.EACCES):
		r.State, r.Reason = port.Filtered, port.AdminProhibited
	case ctx.Err() != nil:
		return r, ctx.Err()
	case limited && !time.Now().Before(deadline):
		return r, context.DeadlineExceeded
	case errors.As(err, &timedOut) && timedOut.Timeout():
		r.State, r.Reason, r.RTT = port.Filtered, port.NoResponse, 0
	default:
		return r, err
	}
	return r, nil
}
