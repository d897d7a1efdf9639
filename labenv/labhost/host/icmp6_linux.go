package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture"
	"wirelab/labenv/plan"
)

// icmp6 answers what comes to ICMP ports over IPv6. The kernel could, but its
// rejection of a first SYN is not reported to the one who connects, only that
// of the second, a second later. So the packet filter drops these packets, and
// icmp6, which sees them before the filter does, sends the error.
type icmp6 struct {
	packets *os.File    // IPv6 packets to those ports
	raw     *net.IPConn // raw ICMPv6: the kernel fills in the checksum
	addr    netip.Addr  // the host's own
	ports   map[target]plan.Port
}

// target is where a packet goes.
type target struct {
	protocol byte
	port     uint16
}

// Where things are in an IPv6 packet (RFC 8200, section 3), in bytes.
const (
	ip6NextHeader = 6
	ip6Source     = 8
	ip6Dest       = 24
	ip6Header     = 40
	destPort      = ip6Header + 2
	// maxQuote is how much of a packet its error quotes: an error must not
	// exceed the least MTU of IPv6 (RFC 4443, section 3.1).
	maxQuote = 1280 - ip6Header - 8
)

// maxFilteredPorts bounds the ports that the socket's BPF program names one by
// one; the kernel takes programs of 4096 instructions.
const maxFilteredPorts = 1000

// answerICMPv6 starts the answers in the calling thread's network namespace, if
// the host has ports that need them.
func (h *Host) answerICMPv6() error {
	a := &icmp6{addr: h.config.Host.Addr6, ports: map[target]plan.Port{}}
	for _, p := range h.config.Host.Ports {
		if p.Behaviour == plan.ICMP {
			a.ports[target{ipProtocol(p.Proto), p.Number}] = p
		}
	}
	if len(a.ports) == 0 || !a.addr.IsValid() {
		return nil
	}
	if err := a.open(h.config.Interface); err != nil {
		return fmt.Errorf("ICMPv6 errors: %w", err)
	}
	h.run(a, a.answerAll)
	return nil
}

// open opens the sockets in the calling thread's network namespace.
func (a *icmp6) open(ifname string) error {
	packets, err := openPackets(ifname, a.program())
	if err != nil {
		return err
	}
	conn, err := net.ListenIP("ip6:ipv6-icmp", &net.IPAddr{IP: a.addr.AsSlice()})
	if err == nil {
		err = receiveNothing(conn)
	}
	a.packets, a.raw = packets, conn
	if err != nil {
		return errors.Join(err, a.Close())
	}
	return nil
}

// openPackets opens a packet socket for the IPv6 packets that program passes.
func openPackets(ifname string, program []bpf.Instruction) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socket(AF_PACKET): %w", err)
	}
	f := os.NewFile(uintptr(fd), "icmp6")
	if err := preparePackets(fd, ifname, program); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func preparePackets(fd int, ifname string, program []bpf.Instruction) error {
	if err := attach(fd, program); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20); err != nil {
		return fmt.Errorf("SO_RCVBUF: %w", err)
	}
	iface, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	const ipv6 = unix.ETH_P_IPV6>>8 | unix.ETH_P_IPV6&0xff<<8 // in network byte order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ipv6, Ifindex: iface.Index}); err != nil {
		return fmt.Errorf("bind to %s: %w", ifname, err)
	}
	return nil
}

// attach gives the socket its program before it is bound, so that nothing
// else ever waits in its queue.
func attach(fd int, program []bpf.Instruction) error {
	prog, err := capture.Assemble(program...)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, prog); err != nil {
		return fmt.Errorf("SO_ATTACH_FILTER: %w", err)
	}
	return nil
}

// program passes what comes to the ports, and nothing that the host sends.
// Packets with extension headers are not passed: silence answers them.
func (a *icmp6) program() []bpf.Instruction {
	pass, refuse := bpf.RetConstant{Val: ip6Header + 1<<16}, bpf.RetConstant{Val: 0}
	out := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_HOST, SkipTrue: 1},
		refuse,
		bpf.LoadAbsolute{Off: ip6NextHeader, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: 1},
		refuse,
	}
	if len(a.ports) > maxFilteredPorts {
		return append(out, pass)
	}
	out = append(out, bpf.LoadAbsolute{Off: destPort, Size: 2})
	for t := range a.ports {
		out = append(out, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(t.port), SkipTrue: 1}, pass)
	}
	return append(out, refuse)
}

// receiveNothing keeps ICMPv6 that comes in out of the socket's queue, where
// nobody reads it (RFC 3542, section 3.2).
func receiveNothing(conn *net.IPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var block unix.ICMPv6Filter
	for i := range block.Data {
		block.Data[i] = ^uint32(0)
	}
	closed := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptICMPv6Filter(int(fd), unix.SOL_ICMPV6, unix.ICMPV6_FILTER, &block)
	})
	if closed != nil {
		return closed
	}
	return err
}

// answerDelay is how long an error waits. A client that is still inside
// connect(2) when the error arrives keeps it for later, and asks again after a
// second: the same that befalls the kernel's rejection. On another CPU this
// host was fast enough for that, once in some 10,000 connections.
const answerDelay = time.Millisecond

// answerAll answers until the sockets are closed.
func (a *icmp6) answerAll() {
	buffer := make([]byte, ip6Header+1<<16)
	for {
		n, err := a.packets.Read(buffer)
		switch {
		case err == nil:
			a.answer(buffer[:n])
		case !isTransient(err):
			return
		}
	}
}

// answer sends the error that the packet's port calls for, if it is one of the
// ports, and if the answer is not lost.
func (a *icmp6) answer(packet []byte) {
	if len(packet) < destPort+2 {
		return
	}
	from := netip.AddrFrom16([16]byte(packet[ip6Source:]))
	to := netip.AddrFrom16([16]byte(packet[ip6Dest:]))
	p, ok := a.ports[target{packet[ip6NextHeader], binary.BigEndian.Uint16(packet[destPort:])}]
	// No error goes to a group or to nobody (RFC 4443, section 2.4, e).
	if !ok || to != a.addr || from.IsMulticast() || from.IsUnspecified() {
		return
	}
	if rand.IntN(100) < p.Loss { //nolint:gosec // chance, no secret
		return
	}
	typ, code := plan.ICMPv6(p.Code)
	message := append([]byte{typ, code, 0, 0, 0, 0, 0, 0}, packet[:min(len(packet), maxQuote)]...)
	if typ == parameterProblem {
		// The pointer names the field at fault (RFC 4443, section 3.4).
		binary.BigEndian.PutUint32(message[4:], ip6NextHeader)
	}
	// Where it cannot be sent, it is one more packet lost.
	time.AfterFunc(answerDelay, func() { _, _ = a.raw.WriteToIP(message, &net.IPAddr{IP: from.AsSlice()}) })
}

// parameterProblem is the ICMPv6 type of that name.
const parameterProblem = 4

// Close ends answerAll.
func (a *icmp6) Close() error {
	if a.raw == nil {
		return a.packets.Close()
	}
	return errors.Join(a.packets.Close(), a.raw.Close())
}
