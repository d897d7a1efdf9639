// Command seatprog is the program that the conformance suite runs in a lab's
// seat, in the place of a learner's. It obeys requests on descriptor 3, one
// line of JSON each, and answers each with a line. The suite holds what it
// reports against the plan and against the wire.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labtest/seatprog/orders"
)

func main() {
	if slices.Contains(os.Args, orders.Stay) {
		never := make(chan os.Signal, 1)
		signal.Notify(never, unix.SIGUSR1)
		<-never
	}
	if err := serve(os.NewFile(3, "channel")); err != nil {
		fmt.Fprintln(os.Stderr, "seatprog:", err)
		os.Exit(1)
	}
}

// program is what the requests act upon.
type program struct {
	conns   map[int]net.Conn // connections that are held, by their numbers
	dialled int              // how many numbers were given
	sockets []int            // descriptors opened to use them up
	signals chan os.Signal
	memory  [][]byte
	turns   uint64 // of spin
}

func serve(channel io.ReadWriter) error {
	p := &program{conns: map[int]net.Conn{}, signals: make(chan os.Signal, 16)}
	in, out := json.NewDecoder(channel), json.NewEncoder(channel)
	for {
		var r orders.Request
		if err := in.Decode(&r); errors.Is(err, io.EOF) {
			return nil // the suite has closed the channel
		} else if err != nil {
			return err
		}
		if err := out.Encode(p.obey(r)); err != nil {
			return err
		}
	}
}

// obey does what the request asks for.
func (p *program) obey(r orders.Request) orders.Reply {
	do, ok := map[string]func(orders.Request) orders.Reply{
		orders.Dial: p.dial, orders.Send: p.send, orders.Receive: p.receive, orders.Close: p.close,
		orders.Listen: p.listen,
		orders.Ask:    p.ask, orders.Ping: p.ping, orders.Frame: p.frame, orders.Flood: p.frame,
		orders.Describe: p.describe, orders.Print: p.print, orders.Exit: p.exit,
		orders.Open: p.open, orders.Socket: p.socket, orders.Allocate: p.allocate, orders.Spin: p.spin,
		orders.Catch: p.catch, orders.Caught: p.caught,
		orders.File: p.file, orders.Look: p.look, orders.Terminal: p.terminal,
	}[r.Do]
	if !ok {
		return orders.Reply{Err: "unknown request " + r.Do}
	}
	return do(r)
}

// describe tells what the program was given.
func (p *program) describe(orders.Request) orders.Reply {
	input, err := io.ReadAll(os.Stdin)
	return orders.Reply{Args: os.Args[1:], Env: os.Environ(), Data: input, Err: name(err)}
}

func (p *program) print(r orders.Request) orders.Reply {
	_, err := os.Stdout.Write(r.Data)
	if err == nil {
		_, err = os.Stderr.Write(r.Text)
	}
	return orders.Reply{Err: name(err)}
}

func (p *program) exit(r orders.Request) orders.Reply {
	os.Exit(r.Number)
	return orders.Reply{}
}

// open opens sockets until there are Number more, or an error.
func (p *program) open(r orders.Request) orders.Reply {
	for i := range r.Number {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return orders.Reply{Number: i, Err: name(err)}
		}
		p.sockets = append(p.sockets, fd)
	}
	return orders.Reply{Number: r.Number}
}

// socket tries to open a socket and closes it again.
func (p *program) socket(r orders.Request) orders.Reply {
	fd, err := unix.Socket(r.Family, r.Type, r.Number)
	if err == nil {
		err = unix.Close(fd)
	}
	return orders.Reply{Err: name(err)}
}

// allocate takes Number MiB of memory, a little at a time, and uses them.
func (p *program) allocate(r orders.Request) orders.Reply {
	for range r.Number {
		piece := make([]byte, 1<<20)
		for i := 0; i < len(piece); i += os.Getpagesize() {
			piece[i] = 1
		}
		p.memory = append(p.memory, piece)
	}
	return orders.Reply{Number: len(p.memory)}
}

// spin never answers.
func (p *program) spin(orders.Request) orders.Reply {
	for {
		p.turns++
	}
}

// catch has signal Number reported by caught.
func (p *program) catch(r orders.Request) orders.Reply {
	signal.Notify(p.signals, unix.Signal(r.Number))
	return orders.Reply{}
}

// caught waits for a signal.
func (p *program) caught(orders.Request) orders.Reply {
	n, _ := (<-p.signals).(unix.Signal)
	return orders.Reply{Number: int(n)}
}
