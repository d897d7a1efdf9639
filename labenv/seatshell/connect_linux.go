package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"

	"wirelab/exercises/port"
)

// connectTimeout is how long a port may stay silent. The kernel would send two
// more SYNs in that time, and give up after two minutes.
const connectTimeout = 2 * time.Second

// connect says what became of a connection to each port, one after the other.
func connect(ctx context.Context, hc interp.HandlerContext, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	for _, p := range args[1:] {
		to, err := endpoint(ctx, args[0], p)
		if err != nil {
			return err
		}
		start := time.Now()
		conn, err := dial(ctx, to)
		took := time.Since(start)
		if err == nil {
			err = conn.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		state, why := judge(err)
		fmt.Fprintf(hc.Stdout, "%-22s %-9s %-26s %7.1f ms\n", to, state, why, float64(took.Microseconds())/1000)
	}
	return nil
}

// dial connects by IPv4, which is all that there is here.
func dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTimeout}
	return d.DialContext(ctx, "tcp4", to.String())
}

// judge turns what connect(2) gave into a state and the reason for it. An errno
// that says nothing of the port is no state.
func judge(err error) (state port.State, why string) {
	var errno syscall.Errno
	var silence net.Error
	switch {
	case err == nil:
		return port.Open, "connected"
	case errors.As(err, &errno):
		why = unix.ErrnoName(errno)
	case errors.As(err, &silence) && silence.Timeout():
		return port.Filtered, fmt.Sprintf("no answer in %v", connectTimeout)
	default:
		return "ERROR", err.Error()
	}
	switch errno {
	case unix.ECONNREFUSED:
		return port.Closed, why
	case unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ETIMEDOUT, unix.EACCES, unix.EPERM, unix.ENOPROTOOPT:
		return port.Filtered, why
	}
	return "ERROR", why
}

// endpoint understands a host, by address or name, and a port.
func endpoint(ctx context.Context, host, number string) (netip.AddrPort, error) {
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is no port: they are 1 to 65535", number)
	}
	addr, err := address(ctx, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if !addr.Is4() {
		return netip.AddrPort{}, fmt.Errorf("%s is no IPv4 address, and this lab has no others", addr)
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}
