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

var errSilent = errors.New("no answer within the timeout")

// errnos are the verdicts that an errno of connect(2) stands for.
var errnos = map[syscall.Errno]port.Result{
	syscall.ECONNREFUSED: {State: port.Closed, Reason: port.ConnRefused},
	syscall.ECONNRESET:   {State: port.Open, Reason: port.SYNACK},
	syscall.ETIMEDOUT:    {State: port.Filtered, Reason: port.NoResponse},
	syscall.EHOSTUNREACH: {State: port.Filtered, Reason: port.HostUnreach},
	syscall.EHOSTDOWN:    {State: port.Filtered, Reason: port.HostUnreach},
	syscall.ENETUNREACH:  {State: port.Filtered, Reason: port.NetUnreach},
	syscall.ENOPROTOOPT:  {State: port.Filtered, Reason: port.ProtoUnreach},
	syscall.EACCES:       {State: port.Filtered, Reason: port.AdminProhibited},
}

// Probe keeps the time by a context of its own, whose cause tells its end from
// the caller's, and hangs up with RST in place of FIN.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	if !target.Addr().IsValid() || target.Port() == 0 {
		return port.Result{}, fmt.Errorf("%v is no port to ask", target)
	}
	if timeout <= 0 {
		return port.Result{}, errors.New("no time to ask")
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errSilent)
	defer cancel()
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(limited, "tcp", target.String())
	took := time.Since(start)
	if err == nil {
		defer conn.Close()
		if c, ok := conn.(*net.TCPConn); ok {
			c.SetLinger(0)
		}
		return port.Result{Port: target.Port(), State: port.Open, Reason: port.SYNACK, RTT: took}, nil
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		r, ok := errnos[errno]
		if !ok {
			return port.Result{}, err
		}
		r.Port = target.Port()
		if r.Reason != port.NoResponse {
			r.RTT = took
		}
		return r, nil
	}
	<-limited.Done() // the dialer's own timer may be a moment early
	if cause := context.Cause(limited); !errors.Is(cause, errSilent) {
		return port.Result{}, errors.Join(err, cause)
	}
	return port.Result{Port: target.Port(), State: port.Filtered, Reason: port.NoResponse}, nil
}
