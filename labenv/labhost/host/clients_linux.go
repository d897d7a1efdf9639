package host

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// maxClients bounds the connections of a host. One more is accepted and
	// closed at once: the port stays open, as a scanner sees it.
	maxClients = 4096
	// idle is how long a client may neither send nor take anything.
	idle = 30 * time.Second
	// maxDrain bounds what is read from a client after the last answer, bytes.
	maxDrain = 16 << 20
	// chunk is the size of a service's buffer, in bytes. maxClients of them
	// are what hostile clients can make a host hold.
	chunk = 16 << 10
)

// client is the connection of one client. Every read and write of it is
// bounded by idle.
type client struct{ *net.TCPConn }

// Read reads as net.Conn says, for idle at most.
func (c client) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(p)
}

// Write writes as net.Conn says, for idle at most.
func (c client) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

// finish ends the conversation so that the client sees FIN and never RST: it
// sends FIN, then takes what still comes. A socket that is closed with unread
// data in it resets the connection (RFC 2525, section 2.17).
func (c client) finish() {
	if c.CloseWrite() == nil {
		c.discard(maxDrain)
	}
}

// discard reads until EOF, an error, or more than limit bytes.
func (c client) discard(limit int) {
	buffer := make([]byte, chunk)
	for limit > 0 {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		limit -= n
	}
}

// clients are the connections of a host.
type clients struct {
	mu      sync.Mutex
	open    map[*net.TCPConn]bool
	limit   int
	closed  bool
	running sync.WaitGroup
	done    chan struct{} // closed with the host
}

func newClients(limit int) *clients {
	return &clients{open: map[*net.TCPConn]bool{}, limit: limit, done: make(chan struct{})}
}

// serve has handle talk to the client in a goroutine of its own, and closes
// the connection after it.
func (cs *clients) serve(conn *net.TCPConn, handle func(client)) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed || len(cs.open) >= cs.limit {
		_ = conn.Close()
		return
	}
	cs.open[conn] = true
	_ = conn.SetKeepAlive(false) // idle bounds it; the wire stays quiet meanwhile
	cs.running.Go(func() {
		defer cs.leave(conn)
		handle(client{conn})
	})
}

func (cs *clients) leave(conn *net.TCPConn) {
	_ = conn.Close()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, conn)
}

// close closes all connections and waits for their handlers.
func (cs *clients) close() {
	cs.mu.Lock()
	if !cs.closed {
		cs.closed = true
		close(cs.done)
	}
	for conn := range cs.open {
		_ = conn.Close()
	}
	cs.mu.Unlock()
	cs.running.Wait()
}

// accept serves the clients of l until l is closed.
func (cs *clients) accept(l *net.TCPListener, handle func(client)) {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case err == nil:
			cs.serve(conn, handle)
		case errors.Is(err, net.ErrClosed):
			return
		default: // no descriptor left, or a client that is gone: try again
			cs.pause(5 * time.Millisecond)
		}
	}
}

// pause waits for d, or for the end of the host.
func (cs *clients) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-cs.done:
	}
}

// isTransient tells whether a socket that gave this error works on: an error
// that an earlier packet brought, or an interface that went down for a while.
func isTransient(err error) bool {
	for _, e := range []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENOBUFS, syscall.EMSGSIZE, syscall.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return os.IsTimeout(err)
}
