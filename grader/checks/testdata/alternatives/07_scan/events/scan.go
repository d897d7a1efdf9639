package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/exercises/port"
)

// tick is how long poll(2) waits before ctx and the clock are looked at again.
const tick = 10 * time.Millisecond

// verdicts by errno; 0 is a connection.
var verdicts = map[unix.Errno]port.Result{
	0:                 {State: port.Open, Reason: port.SYNACK},
	unix.ECONNRESET:   {State: port.Open, Reason: port.SYNACK},
	unix.ECONNREFUSED: {State: port.Closed, Reason: port.ConnRefused},
	unix.ETIMEDOUT:    {State: port.Filtered, Reason: port.NoResponse},
	unix.EHOSTUNREACH: {State: port.Filtered, Reason: port.HostUnreach},
	unix.EHOSTDOWN:    {State: port.Filtered, Reason: port.HostUnreach},
	unix.ENETUNREACH:  {State: port.Filtered, Reason: port.NetUnreach},
	unix.ENOPROTOOPT:  {State: port.Filtered, Reason: port.ProtoUnreach},
	unix.EACCES:       {State: port.Filtered, Reason: port.AdminProhibited},
}

// Scan is one loop in one goroutine, around non-blocking sockets. It does
// without package probe.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	workers := opt.Workers
	if workers <= 0 {
		workers = 64
	}
	l := &loop{host: host.Unmap(), timeout: opt.Timeout, room: workers, waiting: map[int32]waiting{}}
	l.queue = slices.Clone(ports)
	slices.Sort(l.queue)
	l.queue = slices.Compact(l.queue)
	for len(l.queue)+len(l.waiting) > 0 && ctx.Err() == nil {
		for len(l.queue) > 0 && len(l.waiting) < l.room {
			l.ask()
		}
		l.collect()
	}
	for fd := range l.waiting {
		unix.Close(int(fd))
	}
	slices.SortFunc(l.results, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return l.results, errors.Join(ctx.Err(), errors.Join(l.failed...))
}

type waiting struct {
	port  uint16
	since time.Time
}

type loop struct {
	host    netip.Addr
	timeout time.Duration
	room    int
	queue   []uint16
	waiting map[int32]waiting // by descriptor
	results []port.Result
	failed  []error
}

// ask starts one connection, or learns that there is no descriptor for it.
func (l *loop) ask() {
	p := l.queue[0]
	family, addr := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(p), Addr: l.host.As16()})
	if l.host.Is4() {
		family, addr = unix.AF_INET, &unix.SockaddrInet4{Port: int(p), Addr: l.host.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EMFILE) && len(l.waiting) > 0 {
		l.room = len(l.waiting)
		return
	}
	l.queue = l.queue[1:]
	if err == nil && p == 0 {
		unix.Close(fd)
		err = unix.EINVAL
	}
	if err != nil {
		l.failed = append(l.failed, fmt.Errorf("port %d: %w", p, err))
		return
	}
	w := waiting{port: p, since: time.Now()}
	switch err := unix.Connect(fd, addr).(type) {
	case nil:
		l.judge(int32(fd), w, 0)
	case unix.Errno:
		if err != unix.EINPROGRESS && err != unix.EINTR {
			l.judge(int32(fd), w, err)
			return
		}
		l.waiting[int32(fd)] = w
	}
}

// collect waits a moment for answers and for timeouts.
func (l *loop) collect() {
	fds := make([]unix.PollFd, 0, len(l.waiting))
	for fd := range l.waiting {
		fds = append(fds, unix.PollFd{Fd: fd, Events: unix.POLLOUT})
	}
	unix.Poll(fds, int(tick/time.Millisecond))
	for _, p := range fds {
		w := l.waiting[p.Fd]
		switch {
		case p.Revents != 0:
			errno, _ := unix.GetsockoptInt(int(p.Fd), unix.SOL_SOCKET, unix.SO_ERROR)
			l.judge(p.Fd, w, unix.Errno(errno))
		case time.Since(w.since) >= l.timeout:
			l.judge(p.Fd, w, unix.ETIMEDOUT)
		}
	}
}

// judge ends a connection with a verdict.
func (l *loop) judge(fd int32, w waiting, errno unix.Errno) {
	unix.Close(int(fd))
	delete(l.waiting, fd)
	r, ok := verdicts[errno]
	if !ok {
		l.failed = append(l.failed, fmt.Errorf("port %d: %w", w.port, errno))
		return
	}
	r.Port = w.port
	if errno != unix.ETIMEDOUT {
		r.RTT = time.Since(w.since)
	}
	l.results = append(l.results, r)
}
