// Command 02_echo serves the learner's package echo. Serve runs in the
// background, on a listener that this program opens: the calls start it, end
// it, and tell how it ended.
package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	echo "wirelab/exercises/02_echo"
	"wirelab/grader/drivers/serve"
)

func main() {
	s := &servers{running: map[uint16]*server{}}
	serve.Main(serve.Functions{
		"Start": s.start, "Failing": s.failing, "Await": s.await, "Heal": s.heal,
		"Running": s.isRunning, "Cancel": s.cancel, "Close": s.closeListener, "End": s.end,
		"Collect": collect,
	})
}

// collect frees what Go's own io.Copy keeps for the next time, pipes among it
// (splice(2)): a pool is emptied by the second collection, and its pipes are
// closed after that.
func collect() {
	for range 3 {
		runtime.GC()
	}
}

// servers are the calls of Serve, by port.
type servers struct {
	mu      sync.Mutex
	running map[uint16]*server
}

// server is one call of Serve.
type server struct {
	cancel   context.CancelFunc
	listener *listener
	done     chan struct{} // closed once err is what Serve returned
	err      error
}

// start calls Serve with a listener at addr, and a context that has ended
// already where ended is set. It returns the port.
func (s *servers) start(addr netip.Addr, ended bool) (uint16, error) {
	return s.begin(addr, 0, ended)
}

// failing calls Serve with a listener that fails with errno, until it is healed.
func (s *servers) failing(addr netip.Addr, errno int) (uint16, error) {
	return s.begin(addr, syscall.Errno(errno), false)
}

func (s *servers) begin(addr netip.Addr, errno syscall.Errno, ended bool) (uint16, error) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: addr.AsSlice()})
	if err != nil {
		return 0, err
	}
	if err := deepen(tcp); err != nil {
		return 0, err
	}
	port := uint16(tcp.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert,gosec // it is one
	v := &server{done: make(chan struct{})}
	v.listener = &listener{TCPListener: tcp, errno: errno, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	if ended {
		cancel()
	}
	s.mu.Lock()
	s.running[port] = v
	s.mu.Unlock()
	go func() {
		defer close(v.done)
		v.err = echo.Serve(ctx, v.listener)
	}()
	return port, nil
}

// deepen gives the listener room for many clients at once. Go asks for 128,
// where it may not read what the system allows.
func deepen(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 1024) })
	return errors.Join(failed, err)
}

var errUnknown = errors.New("no Serve was started with this port")

func (s *servers) find(port uint16) (*server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.running[port]
	if !ok {
		return nil, errUnknown
	}
	return v, nil
}

// isRunning tells whether Serve has not returned yet, and its error if it has.
func (s *servers) isRunning(port uint16) (bool, error) {
	v, err := s.find(port)
	if err != nil {
		return false, err
	}
	select {
	case <-v.done:
		return false, v.err
	default:
		return true, nil
	}
}

// cancel ends Serve's context and returns Serve's error once it has returned.
func (s *servers) cancel(port uint16) error {
	v, err := s.find(port)
	if err != nil {
		return err
	}
	v.cancel()
	<-v.done
	return v.err
}

// closeListener closes the listener, as somebody else might, and returns
// Serve's error once it has returned.
func (s *servers) closeListener(port uint16) error {
	v, err := s.find(port)
	if err != nil {
		return err
	}
	if err := v.listener.TCPListener.Close(); err != nil {
		return err
	}
	return s.end(port)
}

// end waits until Serve has returned and returns its error.
func (s *servers) end(port uint16) error {
	v, err := s.find(port)
	if err != nil {
		return err
	}
	<-v.done
	return v.err
}

// await waits until Accept has failed n times, but no longer than limit, and
// returns how often it has.
func (s *servers) await(port uint16, n int, limit time.Duration) (int, error) {
	v, err := s.find(port)
	if err != nil {
		return 0, err
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		if failed := v.listener.failures(); failed >= n {
			return failed, nil
		}
		select {
		case <-v.listener.news:
		case <-v.done:
			return v.listener.failures(), nil
		case <-timer.C:
			return v.listener.failures(), nil
		}
	}
}

// heal has Accept work from now on, and returns how often it failed.
func (s *servers) heal(port uint16) (int, error) {
	v, err := s.find(port)
	if err != nil {
		return 0, err
	}
	v.listener.mu.Lock()
	defer v.listener.mu.Unlock()
	v.listener.errno = 0
	return v.listener.failed, nil
}

// listener fails with errno as long as there is one.
type listener struct {
	*net.TCPListener
	news chan struct{}

	mu     sync.Mutex
	errno  syscall.Errno
	failed int
	conns  []net.Conn // all that were accepted: the collector is not to close what the learner forgot
}

// Close closes the listener: Accept says so from then on, as a real one does.
func (l *listener) Close() error {
	l.mu.Lock()
	l.errno = 0
	l.mu.Unlock()
	return l.TCPListener.Close()
}

// Accept fails as accept(2) would, or accepts.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	errno := l.errno
	if errno != 0 {
		l.failed++
	}
	l.mu.Unlock()
	if errno == 0 {
		conn, err := l.TCPListener.Accept()
		if err == nil {
			l.mu.Lock()
			l.conns = append(l.conns, conn)
			l.mu.Unlock()
		}
		return conn, err
	}
	select {
	case l.news <- struct{}{}:
	default:
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: os.NewSyscallError("accept4", errno)}
}

func (l *listener) failures() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}
