package trace

import (
	"encoding/binary"
	"net/netip"
)

// packet is an IP packet, or the first fragment of one: what comes behind it is
// not looked for.
type packet struct {
	src, dst netip.Addr
	ttl      uint8
	protocol uint8
	payload  []byte // as far as it was captured
	length   int    // of the payload, in bytes, by the IP header
}

// IP protocols (IANA, "Protocol Numbers").
const (
	icmp   = 1
	tcp    = 6
	icmpv6 = 58
)

// EtherTypes that lead on to IP: the tags of IEEE 802.1Q and 802.1ad, and what
// some switches used before the latter.
const (
	vlan   = 0x8100
	qinq   = 0x88A8
	oldTag = 0x9100
)

// packet returns the IP packet in a frame. ok is false where there is none, or
// a later fragment, or one of which the header was not captured.
func (f frame) packet() (p packet, ok bool) {
	head, ok := f.linkHeader()
	if !ok {
		return packet{}, false
	}
	return parsePacket(f.data[head:], f.length-head)
}

// linkHeader returns the size of what stands before the IP packet.
func (f frame) linkHeader() (size int, ok bool) {
	switch f.link {
	case LinkNull:
		return 4, len(f.data) > 4
	case LinkRaw:
		return 0, len(f.data) > 0
	case LinkCooked:
		return 16, len(f.data) > 16
	case LinkCooked2:
		return 20, len(f.data) > 20
	case LinkEthernet:
		return ethernetHeader(f.data)
	}
	return 0, false
}

// ethernetHeader steps over the addresses and over any number of tags. Whether
// IP follows, the EtherType says.
func ethernetHeader(b []byte) (size int, ok bool) {
	for at := 12; len(b) > at+2; at += 4 {
		switch binary.BigEndian.Uint16(b[at:]) {
		case 0x0800, 0x86DD:
			return at + 2, true
		case vlan, qinq, oldTag:
		default:
			return 0, false
		}
	}
	return 0, false
}

// parsePacket reads an IP header. wire is how many bytes there were on the
// wire, captured or not.
func parsePacket(b []byte, wire int) (packet, bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return parseIPv4(b, wire)
	case len(b) >= 40 && b[0]>>4 == 6:
		return parseIPv6(b, wire)
	}
	return packet{}, false
}

// parseIPv4 reads an IPv4 header (RFC 791, section 3.1).
func parseIPv4(b []byte, wire int) (packet, bool) {
	head, total := 4*int(b[0]&0xf), int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 || total > wire {
		// A kernel leaves the length to a card that cuts large segments up.
		total = wire
	}
	offset := binary.BigEndian.Uint16(b[6:]) & 0x1fff
	if head < 20 || head > len(b) || head > total || offset != 0 {
		return packet{}, false
	}
	return packet{
		src: netip.AddrFrom4([4]byte(b[12:])), dst: netip.AddrFrom4([4]byte(b[16:])),
		ttl: b[8], protocol: b[9], payload: b[head:min(len(b), total)], length: total - head,
	}, true
}

// parseIPv6 reads an IPv6 header and steps over its extension headers (RFC
// 8200, section 4).
func parseIPv6(b []byte, wire int) (packet, bool) {
	const head = 40
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 || length > wire-head {
		length = wire - head
	}
	p := packet{
		src: netip.AddrFrom16([16]byte(b[8:])), dst: netip.AddrFrom16([16]byte(b[24:])),
		ttl: b[7], protocol: b[6], payload: b[head:min(len(b), head+max(length, 0))], length: length,
	}
	for {
		size, ok := extension(p.protocol, p.payload)
		if !ok {
			return packet{}, false
		}
		if size == 0 {
			return p, true
		}
		p.protocol, p.payload, p.length = p.payload[0], p.payload[size:], p.length-size
	}
}

// extension returns the size of the extension header that b begins with; 0
// where the protocol is none. ok is false where it is not whole, or says that
// this is not the first fragment.
func extension(protocol uint8, b []byte) (size int, ok bool) {
	const hopByHop, routing, fragment, authentication, destination = 0, 43, 44, 51, 60
	switch protocol {
	case hopByHop, routing, destination, fragment, authentication:
	default:
		return 0, true
	}
	if len(b) < 8 {
		return 0, false
	}
	switch size = 8 + 8*int(b[1]); protocol {
	case fragment:
		const offset = 0xfff8
		if size = 8; binary.BigEndian.Uint16(b[2:])&offset != 0 {
			return 0, false
		}
	case authentication:
		size = 8 + 4*int(b[1])
	}
	return size, size <= len(b)
}

// segment returns the TCP segment that the packet holds. ok is false where it
// holds none, or one whose header was not captured whole.
func (p packet) segment() (s Segment, ok bool) {
	const least = 20
	if p.protocol != tcp || len(p.payload) < least {
		return Segment{}, false
	}
	b := p.payload
	head, flags := 4*int(b[12]>>4), b[13]
	if head < least || head > len(b) {
		return Segment{}, false
	}
	return Segment{
		Src: netip.AddrPortFrom(p.src, binary.BigEndian.Uint16(b)),
		Dst: netip.AddrPortFrom(p.dst, binary.BigEndian.Uint16(b[2:])),
		FIN: flags&0x01 != 0, SYN: flags&0x02 != 0, RST: flags&0x04 != 0, ACK: flags&0x10 != 0,
		Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		Payload: p.length - head, TTL: p.ttl,
	}, true
}
