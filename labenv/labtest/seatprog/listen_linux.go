package main

import (
	"io"
	"net"

	"wirelab/labenv/labtest/seatprog/orders"
)

// listen listens at To[0], treats every client in the way that Text names, and
// reports its port.
func (p *program) listen(r orders.Request) orders.Reply {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(r.To[0])})
	if err != nil {
		return orders.Reply{Err: name(err)}
	}
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go treat(conn, string(r.Text))
		}
	}()
	return orders.Reply{Number: l.Addr().(*net.TCPAddr).Port} //nolint:forcetypeassert // it is
}

// treat has a conversation with a client.
func treat(conn *net.TCPConn, how string) {
	defer conn.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		switch how {
		case orders.HangUp:
			return
		case orders.Reset:
			_ = conn.SetLinger(0)
			return
		case orders.Ignore:
			_, _ = io.Copy(io.Discard, conn)
			return
		case orders.Garble:
			buffer[3]++
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}
