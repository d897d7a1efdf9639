package capfile

import "encoding/binary"

// EtherTypes (IEEE registration authority).
const (
	IPv4   = 0x0800
	ARP    = 0x0806
	IPv6   = 0x86DD
	VLAN   = 0x8100 // IEEE 802.1Q, a customer's tag
	QinQ   = 0x88A8 // IEEE 802.1ad, a provider's
	OldTag = 0x9100 // what some switches used before 802.1ad
)

// Tag is a VLAN tag.
type Tag struct {
	EtherType uint16
	VLAN      uint16
}

// Framed puts an IP packet into a frame of the link type. Tags, outermost
// first, are for Ethernet; bigEndian is for Null.
func Framed(link Link, ip []byte, bigEndian bool, tags ...Tag) []byte {
	etherType := uint16(IPv4)
	if len(ip) > 0 && ip[0]>>4 == 6 {
		etherType = IPv6
	}
	switch link {
	case Null:
		return append(orderOf(bigEndian).AppendUint32(nil, family(etherType)), ip...)
	case Cooked:
		// To us, from an Ethernet of six address bytes in eight.
		head := []byte{0, 0, 0, 1, 0, 6, 2, 0x77, 0, 0, 1, 0, 0, 0}
		return append(binary.BigEndian.AppendUint16(head, etherType), ip...)
	case Cooked2:
		head := binary.BigEndian.AppendUint16(nil, etherType)
		head = append(head, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0x77, 0, 0, 1, 0, 0, 0)
		return append(head, ip...)
	case Raw:
		return ip
	}
	return Ether(etherType, ip, tags...)
}

// Ether puts a payload of any EtherType into an Ethernet frame.
func Ether(etherType uint16, payload []byte, tags ...Tag) []byte {
	b := []byte{2, 0x77, 0, 0, 0, 0x10, 2, 0x77, 0, 0, 1, 0}
	for _, t := range tags {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, t.EtherType), t.VLAN)
	}
	return append(binary.BigEndian.AppendUint16(b, etherType), payload...)
}

// family is what a loopback device writes before a packet, as Linux and macOS
// number address families.
func family(etherType uint16) uint32 {
	if etherType == IPv6 {
		return 30
	}
	return 2
}
