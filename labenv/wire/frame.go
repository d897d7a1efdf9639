package wire

import (
	"net"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// The IP protocol numbers that are looked into (IANA, "Protocol Numbers").
const (
	ProtoICMP   = 1
	ProtoIGMP   = 2
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58

	protoFragment6 = 44 // IPv6 fragment header
)

// EtherTypes that are named in summaries (IEEE registration authority).
const (
	EtherTypeIPv4 = 0x0800
	EtherTypeARP  = 0x0806
	EtherTypeIPv6 = 0x86DD
)

// Frame is one captured frame. At most one of TCP, UDP, ICMP and ARP is set:
// the innermost layer that could be decoded.
type Frame struct {
	// Number counts from 1 as Wireshark does, synchronisation frames included.
	Number int
	Time   time.Time
	// Sent tells that the captured host sent the frame; otherwise it received
	// it, whatever the addresses say.
	Sent bool
	// Src and Dst are the IP addresses and ports, those of ARP for an ARP
	// frame. Ports are 0 where the frame has none, addresses invalid where it
	// has none. IPv4 addresses are plain, never IPv4-mapped.
	Src, Dst netip.AddrPort
	// EtherType is the type of the Ethernet payload, behind VLAN tags; 0 where
	// the frame has none.
	EtherType uint16
	// Protocol is the IP protocol of the payload (an IPv6 next header, behind
	// hop-by-hop options); 0 where the frame is not a valid IP packet.
	Protocol uint8
	// Fragment tells that the frame holds a part of an IP packet only. Parts
	// are not decoded further.
	Fragment bool
	// Length is the size of the frame on the wire, in bytes.
	Length int

	TCP     *TCP     // nil unless a TCP segment
	UDP     *UDP     // nil unless a UDP datagram
	ICMP    *ICMP    // nil unless an ICMP or ICMPv6 message
	Unreach *Unreach // nil unless an ICMP or ICMPv6 error that quotes a packet
	ARP     *ARP     // nil unless ARP for IPv4

	// Solicited is the address that a neighbour solicitation looks for (RFC
	// 4861, section 4.3), which is to IPv6 what ARP is to IPv4. It is invalid
	// in all other frames.
	Solicited netip.Addr
}

// TCP is the header of a segment (RFC 9293, section 3.1).
type TCP struct {
	SYN, ACK, FIN, RST, PSH bool
	Seq, Ack                uint32 // as on the wire, not relative
	Window                  uint16 // not scaled
	Payload                 int    // bytes by the IP length, whatever part was captured
	// Damaged tells that the checksum is wrong, so that a host throws the
	// segment away. It is false where the segment was not captured whole, and
	// where the checksum is what a kernel leaves to its network card.
	Damaged bool
}

// UDP is a datagram.
type UDP struct {
	Payload int // bytes by the UDP length, whatever part was captured
}

// ICMP is the head of an ICMP message (RFC 792) or, where the frame's Protocol
// is ProtoICMPv6, of an ICMPv6 message (RFC 4443).
type ICMP struct {
	Type, Code uint8
}

// Unreach is an ICMP error: somebody complains about a packet.
type Unreach struct {
	Type, Code uint8
	// Reason is what the error says of a port; "" for an error that says
	// nothing about reachability, such as time exceeded.
	Reason port.Reason
	// Quoted is the packet that the error complains about.
	Quoted Quote
}

// Quote is what an ICMP error shows of a packet: its IP header and at least
// eight bytes after it.
type Quote struct {
	Protocol uint8          // ProtoTCP, ProtoUDP, …
	Src, Dst netip.AddrPort // ports are 0 unless TCP or UDP
	Seq      uint32         // TCP sequence number; 0 unless TCP
}

// ARP is an ARP packet for IPv4 (RFC 826).
type ARP struct {
	Operation uint16           // 1 asks, 2 answers
	Sender    net.HardwareAddr // who asks or answers
}

// isSYN tells whether f opens a connection to the host.
func isSYN(f *Frame) bool {
	return !f.Sent && f.TCP != nil && f.TCP.SYN && !f.TCP.ACK && !f.TCP.RST
}
