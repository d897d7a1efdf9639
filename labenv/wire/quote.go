package wire

import (
	"encoding/binary"
	"net/netip"
)

// quotedTransport is how much of a packet every ICMP error quotes after the IP
// header, in bytes (RFC 792; RFC 4443 quotes more). It covers the ports and
// the TCP sequence number.
const quotedTransport = 8

// quoteIPv4 reads the packet quoted by an ICMP error; ok is false where less
// than the protocol demands was quoted.
func quoteIPv4(b []byte) (q Quote, ok bool) {
	const least = 20
	if len(b) < least || b[0]>>4 != 4 {
		return Quote{}, false
	}
	head := 4 * int(b[0]&0x0F)
	if head < least || len(b) < head+quotedTransport {
		return Quote{}, false
	}
	q = Quote{Protocol: b[9], Src: address(b[12:16]), Dst: address(b[16:20])}
	if offset := binary.BigEndian.Uint16(b[6:]) & 0x1FFF; offset == 0 {
		q.setTransport(b[head:])
	}
	return q, true
}

// quoteIPv6 reads the packet quoted by an ICMPv6 error. Extension headers are
// not skipped.
func quoteIPv6(b []byte) (q Quote, ok bool) {
	const head = 40
	if len(b) < head+quotedTransport || b[0]>>4 != 6 {
		return Quote{}, false
	}
	q = Quote{Protocol: b[6], Src: address(b[8:24]), Dst: address(b[24:40])}
	q.setTransport(b[head:])
	return q, true
}

// setTransport reads the first eight bytes of a transport header.
func (q *Quote) setTransport(b []byte) {
	if q.Protocol != ProtoTCP && q.Protocol != ProtoUDP {
		return
	}
	q.Src = netip.AddrPortFrom(q.Src.Addr(), binary.BigEndian.Uint16(b))
	q.Dst = netip.AddrPortFrom(q.Dst.Addr(), binary.BigEndian.Uint16(b[2:]))
	if q.Protocol == ProtoTCP {
		q.Seq = binary.BigEndian.Uint32(b[4:])
	}
}
