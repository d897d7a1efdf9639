// Command epollscan is the floor that `make bench` holds scanners against: one
// thread, non-blocking connect(2), epoll(7), and nothing else. It runs in the
// seat of a lab. Its arguments are those of seatscan.Main, for an IPv4 address;
// NUMBER is how many ports it asks at once.
package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/grader/cmd/bench/seatscan"
)

func main() { seatscan.Main("epollscan", "WINDOW", run) }

func run(a seatscan.Args) (seatscan.Summary, error) {
	switch {
	case !a.Addr.Is4():
		return seatscan.Summary{}, fmt.Errorf("%v is no IPv4 address", a.Addr)
	case a.Number < 1:
		return seatscan.Summary{}, fmt.Errorf("%d is no window", a.Number)
	}
	s := &scan{addr: a.Addr.As4(), timeout: a.Timeout}
	var err error
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return s.summary, fmt.Errorf("epoll_create1: %w", err)
	}
	err = s.all(a.Ports, a.Number)
	return s.summary, err
}

// attempt is one connection under way.
type attempt struct {
	fd       int
	serial   int // sockets come and go under one number
	deadline time.Time
}

// scan is a scan under way.
type scan struct {
	addr    [4]byte
	timeout time.Duration
	epoll   int
	events  [512]unix.EpollEvent

	serials  []int     // the attempt that each descriptor stands for; 0 is none
	queue    []attempt // in the order of their deadlines, ended ones among them
	serial   int
	inFlight int
	summary  seatscan.Summary
}

// all asks all ports.
func (s *scan) all(ports []uint16, window int) error {
	for len(ports) > 0 || s.inFlight > 0 {
		for ; len(ports) > 0 && s.inFlight < window; ports = ports[1:] {
			if err := s.knock(int(ports[0])); err != nil {
				return fmt.Errorf("port %d: %w", ports[0], err)
			}
		}
		if err := s.collect(); err != nil {
			return err
		}
		s.expire(time.Now())
	}
	return nil
}

// knock begins one connection.
func (s *scan) knock(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	// Hang up with RST, which leaves nothing behind.
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return fmt.Errorf("SO_LINGER: %w", err)
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: s.addr})
	if !errors.Is(err, unix.EINPROGRESS) {
		return s.decide(fd, err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLONESHOT, Fd: int32(fd)} //nolint:gosec // a descriptor
	if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	for fd >= len(s.serials) {
		s.serials = append(s.serials, 0)
	}
	s.serial++
	s.serials[fd] = s.serial
	s.queue = append(s.queue, attempt{fd: fd, serial: s.serial, deadline: time.Now().Add(s.timeout)})
	s.inFlight++
	return nil
}

// collect waits for answers, until the next deadline at most, and counts them.
func (s *scan) collect() error {
	if s.inFlight == 0 {
		return nil
	}
	s.skipEnded()
	wait := max(0, time.Until(s.queue[0].deadline))
	n, err := unix.EpollWait(s.epoll, s.events[:], int((wait+time.Millisecond-1)/time.Millisecond))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("epoll_wait: %w", err)
	}
	for _, e := range s.events[:max(n, 0)] {
		fd := int(e.Fd)
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return fmt.Errorf("SO_ERROR: %w", err)
		}
		s.serials[fd] = 0
		s.inFlight--
		var answer error
		if errno != 0 {
			answer = unix.Errno(errno)
		}
		if err := s.decide(fd, answer); err != nil {
			return err
		}
	}
	return nil
}

// decide counts an answer and hangs up.
func (s *scan) decide(fd int, answer error) error {
	switch {
	case answer == nil:
		s.summary.Open++
	case errors.Is(answer, unix.ECONNREFUSED):
		s.summary.Closed++
	default:
		return fmt.Errorf("connect: %w", answer)
	}
	return unix.Close(fd)
}

// skipEnded takes attempts that have had their answer off the queue.
func (s *scan) skipEnded() {
	for len(s.queue) > 0 && s.serials[s.queue[0].fd] != s.queue[0].serial {
		s.queue = s.queue[1:]
	}
}

// expire gives up the attempts whose time has run out.
func (s *scan) expire(now time.Time) {
	for s.skipEnded(); len(s.queue) > 0 && !s.queue[0].deadline.After(now); s.skipEnded() {
		fd := s.queue[0].fd
		s.serials[fd] = 0
		s.inFlight--
		s.summary.Filtered++
		_ = unix.Close(fd) // nothing was sent over it
	}
}
