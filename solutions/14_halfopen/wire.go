package halfopen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// wire is the way to one host and back: raw sockets, to which the kernel hands a
// copy of every TCP segment and every ICMP message that comes in (raw(7)).
type wire struct {
	host, source netip.Addr
	port         uint16       // that all SYNs come from
	reserved     net.Listener // holds that port, so that no other program gets it

	tcp, icmp *net.IPConn
	to        *net.IPAddr

	answers chan answer
	failed  chan error // has room for both readers
	closing chan struct{}
	readers sync.WaitGroup
}

// open opens the sockets and starts to read them. It sends nothing.
func open(ctx context.Context, host netip.Addr, opt Options) (*wire, error) {
	w := &wire{
		host: host.WithZone(""), to: &net.IPAddr{IP: host.AsSlice(), Zone: host.Zone()},
		answers: make(chan answer, burst), failed: make(chan error, 2), closing: make(chan struct{}),
	}
	if err := w.listen(ctx, host, opt); err != nil {
		w.close()
		return nil, err
	}
	w.readers.Go(func() { w.read(w.tcp, w.readTCP) })
	w.readers.Go(func() { w.read(w.icmp, w.readICMP) })
	return w, nil
}

// listen opens the sockets, all of them on one address of this machine's.
func (w *wire) listen(ctx context.Context, host netip.Addr, opt Options) error {
	control := onInterface(opt.Interface)
	source, err := sourceFor(ctx, host, opt, control)
	if err != nil {
		return err
	}
	w.source = source.WithZone("")
	lc := net.ListenConfig{Control: control}
	w.reserved, err = lc.Listen(ctx, "tcp", netip.AddrPortFrom(source, 0).String())
	if err != nil {
		return fmt.Errorf("reserve a port: %w", err)
	}
	addr, ok := w.reserved.Addr().(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("%v has no port", w.reserved.Addr())
	}
	w.port = addr.AddrPort().Port()
	tcp, icmp := "ip4:tcp", "ip4:icmp"
	if host.Is6() {
		tcp, icmp = "ip6:tcp", "ip6:ipv6-icmp"
	}
	w.tcp, err = listenIP(ctx, lc, tcp, source)
	if err == nil {
		w.icmp, err = listenIP(ctx, lc, icmp, source)
	}
	return err
}

func listenIP(ctx context.Context, lc net.ListenConfig, network string, source netip.Addr) (*net.IPConn, error) {
	c, err := lc.ListenPacket(ctx, network, source.String())
	if err != nil {
		return nil, fmt.Errorf("open a raw socket: %w", err)
	}
	return c.(*net.IPConn), nil //nolint:forcetypeassert // that is what these networks are made of
}

// sourceFor returns the address to ask from. Connecting a UDP socket sends
// nothing, and has the kernel choose a route and an address (udp(7)).
func sourceFor(ctx context.Context, host netip.Addr, opt Options, control controller) (netip.Addr, error) {
	if opt.Source.IsValid() {
		return opt.Source, nil
	}
	const discard = 9 // any port will do
	d := net.Dialer{Control: control}
	c, err := d.DialContext(ctx, "udp", netip.AddrPortFrom(host, discard).String())
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find a way to %v: %w", host, err)
	}
	defer func() { _ = c.Close() }() // nothing was written
	local, err := netip.ParseAddrPort(c.LocalAddr().String())
	return local.Addr().Unmap(), err
}

// controller prepares a socket before it is bound (net.Dialer, net.ListenConfig).
type controller = func(network, address string, c syscall.RawConn) error

// close closes the sockets, and waits for those who read them.
func (w *wire) close() {
	close(w.closing)
	if w.reserved != nil {
		_ = w.reserved.Close()
	}
	for _, c := range []*net.IPConn{w.tcp, w.icmp} {
		if c != nil {
			_ = c.Close() // that ends its reader; nothing is lost with it
		}
	}
	w.readers.Wait()
}

// sendSYN asks a port. A SYN that finds no room in a queue counts as lost on the
// way, like any other.
func (w *wire) sendSYN(port uint16, seq uint32) error {
	from, to := netip.AddrPortFrom(w.source, w.port), netip.AddrPortFrom(w.host, port)
	_, err := w.tcp.WriteToIP(makeSYN(from, to, seq), w.to)
	if err != nil && !errors.Is(err, syscall.ENOBUFS) {
		return fmt.Errorf("ask port %d: %w", port, err)
	}
	return nil
}

// read hands out the answers among the packets of a socket until it is closed.
func (w *wire) read(c *net.IPConn, parse func(from netip.Addr, packet []byte) (answer, bool)) {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFromIP(buffer)
		at := time.Now()
		if err != nil {
			w.failed <- err // that it was closed nobody waits for
			return
		}
		addr, _ := netip.AddrFromSlice(from.IP)
		a, ok := parse(addr.Unmap(), buffer[:n])
		if !ok {
			continue
		}
		a.at = at
		select {
		case w.answers <- a:
		case <-w.closing:
			return
		}
	}
}
