package echo

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// This solution keeps a list of its connections, copies by hand, and hears of
// the end of ctx in a loop that waits for three things at once.

type accepted struct {
	conn net.Conn
	err  error
}

type server struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	wait  sync.WaitGroup
}

func Serve(ctx context.Context, l net.Listener) error {
	s := &server{conns: map[net.Conn]bool{}}
	queue, stop := make(chan accepted), make(chan struct{})
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		accept(l, queue, stop)
	}()
	defer s.wait.Wait()
	defer s.hangUp()
	defer func() { _ = l.Close() }()
	defer close(stop)
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-queue:
			switch {
			case ctx.Err() != nil:
				if a.err == nil {
					_ = a.conn.Close()
				}
				return nil
			case a.err != nil:
				return a.err
			}
			s.serve(a.conn)
		}
	}
}

// accept hands on connections, and the first error that will not pass.
func accept(l net.Listener, queue chan<- accepted, stop <-chan struct{}) {
	for {
		conn, err := l.Accept()
		var errno syscall.Errno
		if errors.As(err, &errno) && passes(errno) {
			select {
			case <-time.After(20 * time.Millisecond):
				continue
			case <-stop:
				return
			}
		}
		select {
		case queue <- accepted{conn, err}:
		case <-stop:
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			return
		}
	}
}

func passes(errno syscall.Errno) bool {
	switch errno {
	case syscall.ECONNABORTED, syscall.EINTR, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return false
}

func (s *server) serve(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = true
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		echo(conn)
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
}

func echo(conn net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hangUp closes what is still open.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}
