package host

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// listen opens the services of the host in the calling thread's network
// namespace, each for IPv4 and IPv6 alike.
func (h *Host) listen() error {
	for _, p := range h.config.Host.Ports {
		if !p.Behaviour.Accepts() {
			continue
		}
		open := h.listenTCP
		if p.Proto == plan.UDP {
			open = h.listenUDP
		}
		if err := open(p); err != nil {
			return fmt.Errorf("open %s: %w", p, err)
		}
	}
	return nil
}

func (h *Host) listenTCP(p plan.Port) error {
	handle := h.service(p)
	// Unlike net.Listen, this never listens for Multipath TCP.
	l, err := net.ListenTCP("tcp", &net.TCPAddr{Port: int(p.Number)})
	if err != nil {
		return err
	}
	h.run(l, func() { h.clients.accept(l, handle) })
	return deepen(l)
}

// deepen gives the listener its backlog. Go asks for as much as the namespace
// allowed that this process listened in first.
func deepen(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	closed := raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), protocol.Backlog) })
	if closed != nil {
		return closed
	}
	return err
}

// service returns what talks to the clients of a TCP port.
func (h *Host) service(p plan.Port) func(client) {
	switch p.Behaviour {
	case plan.Echo:
		return echo
	case plan.Greeting:
		return greeting(p.Text)
	case plan.Silent:
		return silent(p.Text)
	case plan.AcceptReset:
		return h.acceptReset
	case plan.HTTP:
		return plainHTTP
	case plan.TLS:
		return newTLSService(h.config.Host).serve
	case plan.HTTPS:
		return newTLSService(h.config.Host).complaining().serve
	case plan.Scripted:
		return h.scripted(p.Script)
	case plan.Redis:
		return redis
	case plan.DNS:
		return newZone(h.config.Zone).serveTCP
	default: // AcceptClose
		return client.finish
	}
}

// listenUDP opens a UDP service: it answers each datagram on its own.
func (h *Host) listenUDP(p plan.Port) error {
	reply := func(request []byte) []byte { return request }
	if p.Behaviour == plan.DNS {
		reply = newZone(h.config.Zone).answer
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(p.Number)})
	if err != nil {
		return err
	}
	h.run(conn, func() { replyAll(conn, reply) })
	return nil
}

// replyAll answers datagrams until conn is closed. No answer is as good as an
// answer that got lost: this is UDP.
func replyAll(conn *net.UDPConn, reply func([]byte) []byte) {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		switch {
		case err == nil:
			if answer := reply(buffer[:n]); answer != nil {
				_, _ = conn.WriteToUDPAddrPort(answer, from)
			}
		case !isTransient(err):
			return
		}
	}
}
