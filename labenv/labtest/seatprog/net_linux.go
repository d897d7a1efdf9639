package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labtest/seatprog/orders"
)

// name is how an error is reported: "" for none, "timeout", "EOF", the name of
// its errno, or its text.
func name(err error) string {
	var errno syscall.Errno
	var network net.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	case errors.As(err, &network) && network.Timeout():
		return orders.Timeout
	case errors.Is(err, io.EOF):
		return orders.EOF
	}
	return err.Error()
}

// dial connects to every address of To at once and reports each, in order.
func (p *program) dial(r orders.Request) orders.Reply {
	d := net.Dialer{Timeout: r.Timeout, KeepAlive: -1}
	reply := orders.Reply{Dials: make([]orders.Dialled, len(r.To))}
	conns := make([]net.Conn, len(r.To))
	var all sync.WaitGroup
	for i, to := range r.To {
		all.Go(func() {
			began := time.Now()
			conn, err := d.DialContext(context.Background(), "tcp", to)
			reply.Dials[i] = orders.Dialled{Err: name(err), Took: time.Since(began)}
			conns[i] = conn
		})
	}
	all.Wait()
	for i, conn := range conns {
		if conn != nil {
			p.dialled++
			p.conns[p.dialled] = conn
			reply.Dials[i].ID = p.dialled
		}
	}
	return reply
}

// conn returns a held connection, whose next operations end with the timeout.
func (p *program) conn(r orders.Request) (net.Conn, error) {
	conn, ok := p.conns[r.Number]
	if !ok {
		return nil, os.ErrNotExist
	}
	return conn, conn.SetDeadline(time.Now().Add(r.Timeout))
}

func (p *program) send(r orders.Request) orders.Reply {
	conn, err := p.conn(r)
	if err == nil {
		_, err = conn.Write(r.Data)
	}
	return orders.Reply{Err: name(err)}
}

// receive reads until Max bytes are there, or the stream ends, or the timeout.
func (p *program) receive(r orders.Request) orders.Reply {
	conn, err := p.conn(r)
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	data := make([]byte, r.Max)
	n, err := io.ReadFull(conn, data)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return orders.Reply{Data: data[:n], Err: name(err)}
}

// close closes connection Number, all for 0.
func (p *program) close(r orders.Request) orders.Reply {
	var errs []error
	for id, conn := range p.conns {
		if r.Number == 0 || r.Number == id {
			errs = append(errs, conn.Close())
			delete(p.conns, id)
		}
	}
	return orders.Reply{Err: name(errors.Join(errs...))}
}

// ask sends Data as a datagram to the first address of To and waits for one.
func (p *program) ask(r orders.Request) orders.Reply {
	return exchange("udp", r)
}

// ping does the same with an ICMP message, over a raw socket (raw(7)).
func (p *program) ping(r orders.Request) orders.Reply {
	return exchange("ip4:icmp", r)
}

func exchange(network string, r orders.Request) orders.Reply {
	conn, err := net.Dial(network, r.To[0])
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	defer conn.Close()
	answer := make([]byte, 1<<16)
	if err := conn.SetDeadline(time.Now().Add(r.Timeout)); err != nil {
		return orders.Reply{Err: name(err)}
	}
	if _, err := conn.Write(r.Data); err != nil {
		return orders.Reply{Err: name(err)}
	}
	// Read would leave the IP header before an ICMP message.
	n, _, err := conn.(net.PacketConn).ReadFrom(answer) //nolint:forcetypeassert // both kinds are
	return orders.Reply{Data: answer[:n], Err: name(err)}
}

// frame sends Data, an Ethernet frame, from the seat's interface (packet(7)),
// once or Number times.
func (p *program) frame(r orders.Request) orders.Reply {
	return orders.Reply{Err: name(sendFrames(r.Data, max(r.Number, 1)))}
}

func sendFrames(data []byte, times int) error {
	ifaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, i := range ifaces {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		for range times {
			err := unix.Sendto(fd, data, 0, &unix.SockaddrLinklayer{Ifindex: i.Index})
			if err != nil && !errors.Is(err, unix.ENOBUFS) { // a flood is allowed to be too fast
				return err
			}
		}
		return nil
	}
	return unix.ENODEV
}
