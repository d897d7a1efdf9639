package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/exercises/port"
)

// patience is how long poll(2) waits before ctx is looked at again.
const patience = 10 * time.Millisecond

// Probe connects by hand, without package net: connect(2), poll(2), SO_ERROR.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	if !target.IsValid() || target.Port() == 0 || timeout <= 0 {
		return port.Result{}, fmt.Errorf("cannot ask %v for %v", target, timeout)
	}
	if err := ctx.Err(); err != nil {
		return port.Result{}, err
	}
	family, addr := sockaddr(target)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return port.Result{}, fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	start := time.Now()
	err = unix.Connect(fd, addr)
	if err == unix.EINPROGRESS || err == unix.EINTR {
		err = await(ctx, fd, start.Add(timeout))
	}
	rtt := time.Since(start)
	r := port.Result{Port: target.Port(), RTT: rtt}
	switch {
	case err == nil, err == unix.ECONNRESET:
		r.State, r.Reason = port.Open, port.SYNACK
	case err == unix.ECONNREFUSED:
		r.State, r.Reason = port.Closed, port.ConnRefused
	case err == unix.ETIMEDOUT:
		r.State, r.Reason, r.RTT = port.Filtered, port.NoResponse, 0
	case err == unix.EHOSTUNREACH, err == unix.EHOSTDOWN:
		r.State, r.Reason = port.Filtered, port.HostUnreach
	case err == unix.ENETUNREACH:
		r.State, r.Reason = port.Filtered, port.NetUnreach
	case err == unix.ENOPROTOOPT:
		r.State, r.Reason = port.Filtered, port.ProtoUnreach
	case err == unix.EACCES:
		r.State, r.Reason = port.Filtered, port.AdminProhibited
	default:
		return port.Result{}, fmt.Errorf("connect to %v: %w", target, err)
	}
	return r, nil
}

func sockaddr(a netip.AddrPort) (int, unix.Sockaddr) {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16()}
}

// await waits for the end of a connect, until deadline or the end of ctx.
func await(ctx context.Context, fd int, deadline time.Time) error {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return unix.ETIMEDOUT
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, int((min(left, patience)+time.Millisecond-1)/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err != nil {
				return err
			}
			if errno != 0 {
				return unix.Errno(errno)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
