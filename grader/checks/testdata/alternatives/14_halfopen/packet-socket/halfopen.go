package halfopen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"

	"wirelab/exercises/port"
)

// Scan goes round by round: in each it asks every port that has no verdict yet
// with a fresh source port, and waits for a whole timeout. It writes packets
// with gopacket and reads them from a packet socket.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	host, opt.Source = host.Unmap(), opt.Source.Unmap()
	if !host.IsValid() || opt.Timeout <= 0 || opt.Retries < 0 || opt.Rate < 0 || slices.Contains(ports, 0) {
		return nil, errors.New("bad arguments")
	}
	source, device, err := choose(host, opt)
	if err != nil {
		return nil, err
	}
	out, err := net.ListenIP(network(host), &net.IPAddr{IP: source.AsSlice()})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	in, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(in)
	const everything = unix.ETH_P_ALL << 8
	if err := unix.Bind(in, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: device}); err != nil {
		return nil, err
	}
	_ = unix.SetsockoptTimeval(in, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 10000})
	r := &rounds{host: host, source: source, out: out, in: in, asked: map[uint16]ask{}, known: map[uint16]port.Result{}}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() { r.read(stop) })
	defer func() { close(stop); reader.Wait() }()

	todo := slices.Compact(slices.Sorted(slices.Values(ports)))
	for range 1 + opt.Retries {
		if todo = r.unknown(todo); len(todo) == 0 {
			break
		}
		if err := r.round(ctx, todo, opt); err != nil {
			return r.results(), err
		}
	}
	for _, p := range r.unknown(todo) {
		r.known[p] = port.Result{Port: p, State: port.Filtered, Reason: port.NoResponse}
	}
	return r.results(), nil
}

func network(host netip.Addr) string {
	if host.Is4() {
		return "ip4:tcp"
	}
	return "ip6:tcp"
}

// choose finds the interface that shares the host's net.
func choose(host netip.Addr, opt Options) (netip.Addr, int, error) {
	all, err := net.Interfaces()
	if err != nil {
		return netip.Addr{}, 0, err
	}
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil {
			return netip.Addr{}, 0, err
		}
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			if err != nil || !p.Contains(host) || opt.Interface != "" && opt.Interface != i.Name || opt.Source.IsValid() && opt.Source != p.Addr() {
				continue
			}
			return p.Addr(), i.Index, nil
		}
	}
	return netip.Addr{}, 0, fmt.Errorf("no way to %v", host)
}

type ask struct {
	from uint16
	seq  uint32
	at   time.Time
}

type rounds struct {
	host, source netip.Addr
	out          *net.IPConn
	in           int

	mu    sync.Mutex
	asked map[uint16]ask
	known map[uint16]port.Result
}

func (r *rounds) unknown(ports []uint16) []uint16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(ports), func(p uint16) bool { _, ok := r.known[p]; return ok })
}

func (r *rounds) results() []port.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []port.Result
	for _, k := range r.known {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b port.Result) int { return int(a.Port) - int(b.Port) })
	return all
}

func (r *rounds) round(ctx context.Context, todo []uint16, opt Options) error {
	gap := time.Millisecond / 5
	if opt.Rate > 0 {
		gap = time.Second / time.Duration(opt.Rate)
	}
	for _, p := range todo {
		if err := r.send(p); err != nil {
			return err
		}
		if err := pause(ctx, gap); err != nil {
			return err
		}
	}
	for end := time.Now().Add(opt.Timeout); time.Now().Before(end) && len(r.unknown(todo)) > 0; {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *rounds) send(p uint16) error {
	a := ask{from: uint16(20000 + time.Now().UnixNano()%10000), seq: uint32(time.Now().UnixNano()), at: time.Now()}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(a.from), DstPort: layers.TCPPort(p), Seq: a.seq, SYN: true, Window: 1024}
	var ip gopacket.NetworkLayer = &layers.IPv4{SrcIP: r.source.AsSlice(), DstIP: r.host.AsSlice(), Protocol: layers.IPProtocolTCP}
	if r.host.Is6() {
		ip = &layers.IPv6{SrcIP: r.source.AsSlice(), DstIP: r.host.AsSlice(), NextHeader: layers.IPProtocolTCP}
	}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true}, tcp); err != nil {
		return err
	}
	r.mu.Lock()
	r.asked[p] = a
	r.mu.Unlock()
	_, err := r.out.WriteToIP(b.Bytes(), &net.IPAddr{IP: r.host.AsSlice()})
	return err
}

func (r *rounds) read(stop chan struct{}) {
	b := make([]byte, 1<<16)
	for {
		select {
		case <-stop:
			return
		default:
		}
		n, from, err := unix.Recvfrom(r.in, b, 0)
		if l, ok := from.(*unix.SockaddrLinklayer); err != nil || !ok || n == 0 || l.Pkttype != unix.PACKET_HOST {
			continue
		}
		first := gopacket.Decoder(layers.LayerTypeIPv4)
		if b[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
		r.see(gopacket.NewPacket(b[:n], first, gopacket.Default))
	}
}

func (r *rounds) see(p gopacket.Packet) {
	if p.NetworkLayer() == nil {
		return
	}
	from, _ := netip.AddrFromSlice(p.NetworkLayer().NetworkFlow().Src().Raw())
	if tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP); ok && from == r.host && tcp.ACK {
		switch {
		case tcp.RST:
			r.decide(uint16(tcp.SrcPort), uint16(tcp.DstPort), tcp.Ack-1, port.Closed, port.Reset)
		case tcp.SYN:
			r.decide(uint16(tcp.SrcPort), uint16(tcp.DstPort), tcp.Ack-1, port.Open, port.SYNACK)
		}
	}
	if icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		r.quoted(reason4(icmp.TypeCode.Type(), icmp.TypeCode.Code()), icmp.Payload, 20)
	}
	if icmp, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6); ok && len(icmp.Payload) > 4 {
		r.quoted(reason6(icmp.TypeCode.Type(), icmp.TypeCode.Code()), icmp.Payload[4:], 40)
	}
}

func (r *rounds) quoted(why port.Reason, b []byte, head int) {
	if why == "" || len(b) < head+8 {
		return
	}
	tcp := b[head:]
	be := func(i int) uint16 { return uint16(tcp[i])<<8 | uint16(tcp[i+1]) }
	r.decide(be(2), be(0), uint32(be(4))<<16|uint32(be(6)), port.Filtered, why)
}

func (r *rounds) decide(p, to uint16, seq uint32, state port.State, why port.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, asked := r.asked[p]
	if _, known := r.known[p]; known || !asked || a.from != to || a.seq != seq {
		return
	}
	r.known[p] = port.Result{Port: p, State: state, Reason: why, RTT: time.Since(a.at)}
}
