package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

// talk sends standard input to a port and prints the answer, until the port
// closes. The end of the input is passed on, as a FIN.
func talk(ctx context.Context, hc interp.HandlerContext, args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	in, ok := hc.Stdin.(*os.File)
	if !ok {
		return errors.New("there is no standard input")
	}
	to, err := endpoint(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	conn, err := dial(ctx, to)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return exchange(conn, in, hc.Stdout)
}

// exchange returns when the other end has nothing more to say. It then takes
// no more of the input: the next line that is typed is for the shell.
func exchange(conn net.Conn, in *os.File, out io.Writer) error {
	over, end, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	defer over.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(conn, input{in, over}) // where it fails, the answer does as well
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err = io.Copy(out, conn)
	_ = end.Close() // that wakes the reader up
	<-sent
	return err
}

// input reads a file until another one, the end of a pipe, is closed.
type input struct{ file, over *os.File }

// Read waits for either, and takes nothing once it is over.
func (i input) Read(p []byte) (int, error) {
	fds := []unix.PollFd{{Fd: int32(i.file.Fd()), Events: unix.POLLIN}, {Fd: int32(i.over.Fd()), Events: unix.POLLIN}} //nolint:gosec // descriptors are small
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("poll: %w", err)
		case fds[1].Revents != 0:
			return 0, io.EOF
		}
		return i.file.Read(p)
	}
}
