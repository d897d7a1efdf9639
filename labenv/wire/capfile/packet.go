package capfile

import (
	"encoding/binary"
	"net/netip"

	"wirelab/labenv/wire/inet"
)

// IP protocol numbers (IANA, "Protocol Numbers").
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58

	HopByHop    = 0
	Routing     = 43
	Fragment6   = 44
	Destination = 60
)

// The flags of a TCP header (RFC 9293, section 3.1).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Segment is a TCP segment.
type Segment struct {
	Src, Dst netip.AddrPort
	Flags    uint8
	Seq, Ack uint32
	Options  []byte // a multiple of four bytes
	Payload  []byte
}

// Bytes returns the segment with its checksum.
func (s Segment) Bytes() []byte {
	const least, window, checksumAt = 20, 64240, 16
	b := binary.BigEndian.AppendUint16(nil, s.Src.Port())
	b = binary.BigEndian.AppendUint16(b, s.Dst.Port())
	b = binary.BigEndian.AppendUint32(b, s.Seq)
	b = binary.BigEndian.AppendUint32(b, s.Ack)
	b = append(b, byte((least+len(s.Options))/4)<<4, s.Flags)
	b = binary.BigEndian.AppendUint16(b, window)
	b = append(append(append(b, 0, 0, 0, 0), s.Options...), s.Payload...)
	binary.BigEndian.PutUint16(b[checksumAt:], inet.Checksum(inet.Pseudo(s.Src.Addr(), s.Dst.Addr(), TCP, len(b)), b))
	return b
}

// Datagram returns a UDP datagram with its checksum.
func Datagram(src, dst netip.AddrPort, payload []byte) []byte {
	const head, checksumAt = 8, 6
	b := binary.BigEndian.AppendUint16(nil, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(head+len(payload)))
	b = append(append(b, 0, 0), payload...)
	binary.BigEndian.PutUint16(b[checksumAt:], inet.Checksum(inet.Pseudo(src.Addr(), dst.Addr(), UDP, len(b)), b))
	return b
}

// Unreach returns an ICMP or ICMPv6 error from src to dst, by the family of
// src, that quotes a packet (RFC 792; RFC 4443, section 3).
func Unreach(src, dst netip.Addr, typ, code uint8, quoted []byte) []byte {
	const checksumAt = 2
	b := append([]byte{typ, code, 0, 0, 0, 0, 0, 0}, quoted...)
	start := uint32(0)
	if src.Is6() {
		start = inet.Pseudo(src, dst, ICMPv6, len(b))
	}
	binary.BigEndian.PutUint16(b[checksumAt:], inet.Checksum(start, b))
	return b
}

// Header is an IP header, by the family of Src: IPv4 (RFC 791) or IPv6 (RFC
// 8200). The zero values of the other fields make a plain one.
type Header struct {
	Src, Dst netip.Addr
	TTL      uint8
	Protocol uint8
	// Lies has the length field say Length, whatever the length is.
	Lies   bool
	Length uint16

	// Of IPv4.
	Options []byte // a multiple of four bytes
	ID      uint16
	More    bool   // more fragments
	Offset  uint16 // of the fragment, in units of eight bytes

	// Of IPv6.
	Extensions []Extension
}

// Extension is an IPv6 extension header; Body is what follows the two bytes
// for the next header and the length, so that both are a multiple of eight. A
// fragment header has no length: its Body begins with the reserved byte.
type Extension struct {
	Type uint8
	Body []byte
}

// Fragment returns the IPv6 fragment header. The offset is in units of eight
// bytes.
func Fragment(offset uint16, more bool, id uint32) Extension {
	b := binary.BigEndian.AppendUint16(nil, offset<<3)
	if more {
		b[1] |= 1
	}
	return Extension{Fragment6, binary.BigEndian.AppendUint32(b, id)}
}

// Packet returns the IP packet with the payload.
func (h Header) Packet(payload []byte) []byte {
	if h.Src.Is4() {
		return h.packet4(payload)
	}
	return h.packet6(payload)
}

func (h Header) packet4(payload []byte) []byte {
	const least, version, checksumAt, moreFragments = 20, 4, 10, 1 << 13
	head := least + len(h.Options)
	length := uint16(head + len(payload))
	if h.Lies {
		length = h.Length
	}
	b := binary.BigEndian.AppendUint16([]byte{version<<4 | byte(head/4), 0}, length)
	b = binary.BigEndian.AppendUint16(b, h.ID)
	fragment := h.Offset
	if h.More {
		fragment |= moreFragments
	}
	b = binary.BigEndian.AppendUint16(b, fragment)
	b = append(b, h.TTL, h.Protocol, 0, 0)
	b = append(append(append(b, h.Src.AsSlice()...), h.Dst.AsSlice()...), h.Options...)
	binary.BigEndian.PutUint16(b[checksumAt:], inet.Checksum(0, b))
	return append(b, payload...)
}

func (h Header) packet6(payload []byte) []byte {
	const version = 6
	var extensions []byte
	next := h.Protocol
	for i := len(h.Extensions) - 1; i >= 0; i-- {
		e := h.Extensions[i]
		second := byte((len(e.Body)+2)/8 - 1)
		if e.Type == Fragment6 {
			second = 0
		}
		extensions = append(append([]byte{next, second}, e.Body...), extensions...)
		next = e.Type
	}
	length := uint16(len(extensions) + len(payload))
	if h.Lies {
		length = h.Length
	}
	b := binary.BigEndian.AppendUint16([]byte{version << 4, 0, 0, 0}, length)
	b = append(b, next, h.TTL)
	b = append(append(b, h.Src.AsSlice()...), h.Dst.AsSlice()...)
	return append(append(b, extensions...), payload...)
}
