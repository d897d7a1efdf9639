package echo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Serve accepts connections from l and sends back on each what comes on it,
// until ctx ends. Then it closes l and every connection, and returns nil once
// nothing of it runs any more.
//
// An error of Accept's that will pass ends nothing. Any other ends Serve, with
// that error: net.ErrClosed where somebody else has closed l.
func Serve(ctx context.Context, l net.Listener) error {
	// Whichever way it ends, it ends everything: the listener, the
	// conversations, and this context, which they hang on.
	ctx, cancel := context.WithCancel(ctx)
	var conversations sync.WaitGroup
	defer conversations.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept returns, and tells
	defer stop()
	defer func() { _ = l.Close() }()

	var wait time.Duration
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close() // it came too late
			}
			return nil
		case err == nil:
			wait = 0
			conversations.Go(func() { converse(ctx, conn) })
		case temporary(err):
			wait = longer(wait)
			pause(ctx, wait)
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// converse sends back what comes on conn until the client has sent all of it,
// or either side has given up, or ctx ends. What goes wrong here is between
// this client and us: the others are not to notice.
func converse(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes a Read or Write that waits
	defer stop()
	_, _ = io.Copy(conn, conn)
}

// temporary tells whether Accept can be expected to work again: the client
// was gone before it was accepted, or this machine lacks something just now
// (accept(2)).
func temporary(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.ECONNABORTED, syscall.EINTR,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// The pauses after failures in a row: short at first, then twice as long each.
const (
	firstPause = 5 * time.Millisecond
	longest    = 500 * time.Millisecond
)

func longer(wait time.Duration) time.Duration {
	return min(max(2*wait, firstPause), longest)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
