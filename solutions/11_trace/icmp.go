package trace

import (
	"encoding/binary"
	"net/netip"

	"wirelab/exercises/port"
)

// unreachable is an ICMP error: somebody could not deliver, or would not.
type unreachable struct {
	reason port.Reason
	quoted Segment // of which only Src, Dst and Seq are known
}

// unreachable returns the error that the packet is. ok is false where it is
// none, or quotes no TCP.
func (p packet) unreachable() (u unreachable, ok bool) {
	const head = 8
	if len(p.payload) < head {
		return u, false
	}
	typ, code := p.payload[0], p.payload[1]
	switch p.protocol {
	case icmp:
		u.reason, ok = reason4(typ, code)
	case icmpv6:
		u.reason, ok = reason6(typ, code)
	}
	if !ok {
		return u, false
	}
	u.quoted, ok = quote(p.payload[head:])
	return u, ok
}

// quote reads the beginning of a packet of ours: its IP header and, of TCP, at
// least the eight bytes with the ports and the sequence number.
func quote(b []byte) (s Segment, ok bool) {
	q, ok := parsePacket(b, len(b))
	if !ok || q.protocol != tcp || len(q.payload) < 8 {
		return Segment{}, false
	}
	return Segment{
		Src: netip.AddrPortFrom(q.src, binary.BigEndian.Uint16(q.payload)),
		Dst: netip.AddrPortFrom(q.dst, binary.BigEndian.Uint16(q.payload[2:])),
		Seq: binary.BigEndian.Uint32(q.payload[4:]),
	}, true
}

// reason4 is what ICMP says of a port (RFC 792; RFC 1812, section 5.2.7.1).
func reason4(typ, code uint8) (port.Reason, bool) {
	const unreachable = 3
	if typ != unreachable {
		return "", false
	}
	switch code {
	case 0, 6, 11:
		return port.NetUnreach, true
	case 2:
		return port.ProtoUnreach, true
	case 3:
		return port.PortUnreach, true
	case 9, 10, 13:
		return port.AdminProhibited, true
	}
	return port.HostUnreach, true
}

// reason6 is what ICMPv6 says of a port (RFC 4443, sections 3.1 and 3.4).
func reason6(typ, code uint8) (port.Reason, bool) {
	const unreachable, parameterProblem, nextHeader = 1, 4, 1
	switch {
	case typ == parameterProblem && code == nextHeader:
		return port.ProtoUnreach, true
	case typ != unreachable:
		return "", false
	}
	switch code {
	case 0:
		return port.NetUnreach, true
	case 1, 5, 6:
		return port.AdminProhibited, true
	case 4:
		return port.PortUnreach, true
	}
	return port.HostUnreach, true
}
