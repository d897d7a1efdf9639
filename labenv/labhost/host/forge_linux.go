package host

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"wirelab/labenv/plan"
	"wirelab/labenv/wire/inet"
)

// forger answers SYNs to the ports that forge. The packet filter drops them;
// the forger, which sees them before the filter does, writes whole frames, so
// that it can send under whatever address it likes.
type forger struct {
	frames *os.File // SYNs to the host
	ports  map[uint16]bool
}

// forge starts the forgeries in the calling thread's network namespace, if the
// host has ports that need them.
func (h *Host) forge() error {
	f := &forger{ports: map[uint16]bool{}}
	for _, p := range h.config.Host.Ports {
		if p.Behaviour == plan.Forge {
			f.ports[p.Number] = true
		}
	}
	if len(f.ports) == 0 {
		return nil
	}
	var err error
	if f.frames, err = openFrames(h.config.Interface); err != nil {
		return fmt.Errorf("forgeries: %w", err)
	}
	h.run(f.frames, f.answerAll)
	return nil
}

// openFrames opens a packet socket for the SYNs that come to the host.
func openFrames(ifname string) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socket(AF_PACKET): %w", err)
	}
	f := os.NewFile(uintptr(fd), "forger")
	iface, err := net.InterfaceByName(ifname)
	if err == nil {
		err = attach(fd, onlySYNs())
	}
	if err == nil {
		const everything = unix.ETH_P_ALL << 8 // in network byte order
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything, Ifindex: iface.Index})
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// Where things are in a frame, in bytes. Packets with IP options or extension
// headers are left alone: silence answers them.
const (
	ethernetHeader = 14
	etherType      = 12
	ip4Header      = 20
	ip4Protocol    = 9
	ip4Source      = 12
	ip4Dest        = 16
	tcpHeader      = 20
	tcpFlags       = 13
	synFlag        = 1 << 1
	rstFlag        = 1 << 2
	ackFlag        = 1 << 4
)

// onlySYNs passes what asks this host for a connection.
func onlySYNs() []bpf.Instruction {
	refuse := bpf.RetConstant{Val: 0}
	isSYN := func(ipHeader, protocol uint32) []bpf.Instruction {
		return []bpf.Instruction{
			bpf.LoadAbsolute{Off: ethernetHeader + protocol, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 1},
			refuse,
			bpf.LoadAbsolute{Off: ethernetHeader + ipHeader + tcpFlags, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: synFlag, SkipTrue: 1},
			refuse,
			bpf.RetConstant{Val: 1 << 16},
		}
	}
	program := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_HOST, SkipTrue: 1},
		refuse,
		bpf.LoadAbsolute{Off: etherType, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IPV6, SkipTrue: 7},
	}
	program = append(program, isSYN(ip6Header, ip6NextHeader)...)
	program = append(program, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_IP, SkipTrue: 1}, refuse)
	return append(program, isSYN(ip4Header, ip4Protocol)...)
}

// answerAll forges until the socket is closed.
func (f *forger) answerAll() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := f.frames.Read(buffer)
		switch {
		case err == nil:
			for _, frame := range f.forgeries(buffer[:n]) {
				_, _ = f.frames.Write(frame) // one that cannot be sent is one the less
			}
		case !isTransient(err):
			return
		}
	}
}

// A syn is a frame that asks for a connection, taken apart.
type syn struct {
	ethernet []byte // the header
	packet   []byte // from the IP header on
	from, to netip.Addr
	segment  []byte
}

// readSYN takes a frame apart that onlySYNs has passed; ok is false where it is
// too short all the same.
func readSYN(frame []byte) (s syn, ok bool) {
	if len(frame) < ethernetHeader+ip4Header+tcpHeader {
		return syn{}, false
	}
	s.ethernet, s.packet = frame[:ethernetHeader], frame[ethernetHeader:]
	switch {
	case binary.BigEndian.Uint16(frame[etherType:]) == unix.ETH_P_IP && s.packet[0] == 4<<4|ip4Header/4:
		s.from, s.to = netip.AddrFrom4([4]byte(s.packet[ip4Source:])), netip.AddrFrom4([4]byte(s.packet[ip4Dest:]))
		s.segment = s.packet[ip4Header:]
	case len(s.packet) >= ip6Header+tcpHeader:
		s.from, s.to = netip.AddrFrom16([16]byte(s.packet[ip6Source:])), netip.AddrFrom16([16]byte(s.packet[ip6Dest:]))
		s.segment = s.packet[ip6Header:]
	default:
		return syn{}, false
	}
	return s, true
}

// elsewhere is how far a forged number is from the right one.
const elsewhere = 0x10000001

// forgeries returns the frames that answer a SYN to one of the ports.
func (f *forger) forgeries(frame []byte) [][]byte {
	s, ok := readSYN(frame)
	if !ok || !f.ports[binary.BigEndian.Uint16(s.segment[2:])] {
		return nil
	}
	right := binary.BigEndian.Uint32(s.segment[4:]) + 1
	return [][]byte{
		s.reply(s.to, unix.IPPROTO_TCP, s.answer(synFlag|ackFlag, right+elsewhere)),
		s.reply(s.to, unix.IPPROTO_TCP, s.answer(rstFlag|ackFlag, right+elsewhere)),
		// No SYN-ACK: the kernel's RST would go to whoever has that address.
		s.reply(stranger(s), unix.IPPROTO_TCP, s.answer(rstFlag|ackFlag, right)),
		s.icmp(),
	}
}

// stranger is an address in the net of both that belongs to neither.
func stranger(s syn) netip.Addr {
	for last := byte(0xee); ; last-- {
		b := s.to.AsSlice()
		b[len(b)-1] = last
		if a, _ := netip.AddrFromSlice(b); a != s.to && a != s.from {
			return a
		}
	}
}

// answer is a segment back to where the SYN came from, without its checksum.
func (s syn) answer(flags byte, ack uint32) []byte {
	b := make([]byte, tcpHeader)
	copy(b, s.segment[2:4])
	copy(b[2:], s.segment[:2])
	binary.BigEndian.PutUint32(b[4:], elsewhere)
	binary.BigEndian.PutUint32(b[8:], ack)
	b[12], b[tcpFlags] = tcpHeader/4<<4, flags
	return b
}

// icmp is a frame that says of a SYN with another sequence number that it is
// prohibited.
func (s syn) icmp() []byte {
	quoted := append([]byte(nil), s.packet[:min(len(s.packet), maxQuote)]...)
	at := len(s.packet) - len(s.segment) + 4
	binary.BigEndian.PutUint32(quoted[at:], binary.BigEndian.Uint32(quoted[at:])+elsewhere)
	if s.to.Is4() {
		return s.reply(s.to, unix.IPPROTO_ICMP, append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, quoted...))
	}
	return s.reply(s.to, unix.IPPROTO_ICMPV6, append([]byte{1, 1, 0, 0, 0, 0, 0, 0}, quoted...))
}

// checksumAt is where a protocol has its checksum, in bytes.
var checksumAt = map[byte]int{unix.IPPROTO_TCP: 16, unix.IPPROTO_ICMP: 2, unix.IPPROTO_ICMPV6: 2}

// reply is the frame that carries payload back, as if from the address given.
func (s syn) reply(from netip.Addr, protocol byte, payload []byte) []byte {
	var pseudo uint32
	if protocol != unix.IPPROTO_ICMP {
		pseudo = inet.Pseudo(from, s.from, protocol, len(payload))
	}
	binary.BigEndian.PutUint16(payload[checksumAt[protocol]:], inet.Checksum(pseudo, payload))
	frame := append(append(append([]byte(nil), s.ethernet[6:12]...), s.ethernet[:6]...), s.ethernet[etherType:]...)
	return append(append(frame, ipHeader(from, s.from, protocol, len(payload))...), payload...)
}

// ipHeader is an IP header for a payload of the given length.
func ipHeader(from, to netip.Addr, protocol byte, length int) []byte {
	const hops = 64
	if from.Is4() {
		b := make([]byte, ip4Header)
		b[0], b[8], b[ip4Protocol] = 4<<4|ip4Header/4, hops, protocol
		binary.BigEndian.PutUint16(b[2:], uint16(ip4Header+length)) //nolint:gosec // below the MTU
		copy(b[ip4Source:], from.AsSlice())
		copy(b[ip4Dest:], to.AsSlice())
		binary.BigEndian.PutUint16(b[10:], inet.Checksum(0, b))
		return b
	}
	b := make([]byte, ip6Header)
	b[0], b[ip6NextHeader], b[7] = 6<<4, protocol, hops
	binary.BigEndian.PutUint16(b[4:], uint16(length)) //nolint:gosec // below the MTU
	copy(b[ip6Source:], from.AsSlice())
	copy(b[ip6Dest:], to.AsSlice())
	return b
}
