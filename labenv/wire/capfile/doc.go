// Package capfile writes capture files to the byte: classic pcap and pcapng in
// all their variants, frames of several link types, and IP packets with what
// may stand between their header and TCP's. Whoever asks what a capture says
// builds it here, and knows the truth by construction; whoever records a lab
// uses wire.Writer.
//
// Nothing is checked and nothing is corrected: lengths that lie and headers
// that are cut short are what it is for.
//
// The formats are those of draft-ietf-opsawg-pcap and
// draft-ietf-opsawg-pcapng; the link types those of
// https://www.tcpdump.org/linktypes.html.
package capfile

import "time"

// Link is a link type: what a captured frame begins with.
type Link uint16

// The link types.
const (
	Null     Link = 0   // BSD loopback: four bytes of address family, in the recorder's byte order
	Ethernet Link = 1   // IEEE 802.3
	Raw      Link = 101 // an IP packet, and nothing before it
	Cooked   Link = 113 // Linux "cooked" capture, version 1: `tcpdump -i any` of old
	Cooked2  Link = 276 // Linux "cooked" capture, version 2: `tcpdump -i any` of today
)

// String names the link type as tcpdump does.
func (l Link) String() string {
	switch l {
	case Null:
		return "NULL"
	case Ethernet:
		return "EN10MB"
	case Raw:
		return "RAW"
	case Cooked:
		return "LINUX_SLL"
	case Cooked2:
		return "LINUX_SLL2"
	}
	return "?"
}

// Packet is one captured frame.
type Packet struct {
	Time time.Time
	Data []byte
	// Length is the frame's size on the wire, in bytes; 0 means len(Data).
	Length int
}

func (p Packet) length() uint32 {
	if p.Length > 0 {
		return uint32(p.Length)
	}
	return uint32(len(p.Data))
}
