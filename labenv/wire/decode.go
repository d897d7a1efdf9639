package wire

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"wirelab/labenv/plan"
)

// decoder decodes frames. TCP is not among its layers, see segment.
type decoder struct {
	parser *gopacket.DecodingLayerParser
	found  []gopacket.LayerType
	tcps   []TCP // room for headers: one allocation for many

	eth   layers.Ethernet
	vlan  layers.Dot1Q
	arp   layers.ARP
	ip4   layers.IPv4
	ip6   layers.IPv6
	udp   layers.UDP
	icmp4 layers.ICMPv4
	icmp6 layers.ICMPv6
}

func newDecoder() *decoder {
	d := &decoder{}
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet)
	d.parser.SetDecodingLayerContainer(gopacket.DecodingLayerSparse(nil)) // the fastest of three
	for _, layer := range []gopacket.DecodingLayer{&d.eth, &d.vlan, &d.arp, &d.ip4, &d.ip6, &d.udp, &d.icmp4, &d.icmp6} {
		d.parser.AddDecodingLayer(layer)
	}
	d.parser.IgnoreUnsupported = true
	d.parser.IgnorePanic = false // some malformed packets make gopacket 1.1.19 panic
	return d
}

// decode fills in what data, an Ethernet frame, says.
func (d *decoder) decode(data []byte, f *Frame) {
	// An error means that a layer is malformed. The layers before it, which
	// are in d.found, hold all the same.
	_ = d.parser.DecodeLayers(data, &d.found)
	for _, layer := range d.found {
		switch layer {
		case layers.LayerTypeEthernet:
			f.EtherType = uint16(d.eth.EthernetType)
		case layers.LayerTypeDot1Q:
			f.EtherType = uint16(d.vlan.Type)
		case layers.LayerTypeARP:
			d.setARP(f)
		case layers.LayerTypeIPv4:
			if d.ip4.Version != 4 {
				return
			}
			d.setIPv4(f)
		case layers.LayerTypeIPv6:
			if d.ip6.Version != 6 {
				return
			}
			d.setIPv6(f)
		case layers.LayerTypeUDP:
			d.setUDP(f)
		case layers.LayerTypeICMPv4:
			d.setICMPv4(f)
		case layers.LayerTypeICMPv6:
			d.setICMPv6(f)
		}
	}
}

func (d *decoder) setARP(f *Frame) {
	if d.arp.Protocol != layers.EthernetTypeIPv4 {
		return
	}
	f.ARP = &ARP{Operation: d.arp.Operation, Sender: net.HardwareAddr(slices.Clone(d.arp.SourceHwAddress))}
	f.Src, f.Dst = address(d.arp.SourceProtAddress), address(d.arp.DstProtAddress)
}

func (d *decoder) setIPv4(f *Frame) {
	ip := &d.ip4
	f.Src, f.Dst = address(ip.SrcIP), address(ip.DstIP)
	f.Protocol = uint8(ip.Protocol)
	f.Fragment = ip.Flags&layers.IPv4MoreFragments != 0 || ip.FragOffset != 0
	if f.Protocol == ProtoTCP && !f.Fragment {
		d.segment(f, ip.Payload, int(ip.Length)-4*int(ip.IHL))
	}
}

func (d *decoder) setIPv6(f *Frame) {
	ip := &d.ip6
	f.Src, f.Dst = address(ip.SrcIP), address(ip.DstIP)
	next, length := ip.NextHeader, int(ip.Length)
	if ip.HopByHop != nil {
		next = ip.HopByHop.NextHeader
		length -= ip.HopByHop.ActualLength
	}
	f.Protocol = uint8(next)
	f.Fragment = f.Protocol == protoFragment6
	if f.Protocol == ProtoTCP {
		d.segment(f, ip.Payload, length)
	}
}

// segment reads a TCP header by hand, because gopacket gives up where only
// the options are malformed: Linux ignores those options and answers. length
// is the size of the segment by the IP header.
func (d *decoder) segment(f *Frame, b []byte, length int) {
	const least = 20
	if len(b) < least {
		return
	}
	head, flags := 4*int(b[12]>>4), b[13]
	if head < least || head > length {
		return
	}
	f.setPorts(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	f.TCP = d.newTCP()
	*f.TCP = TCP{
		FIN: flags&0x01 != 0, SYN: flags&0x02 != 0, RST: flags&0x04 != 0, PSH: flags&0x08 != 0, ACK: flags&0x10 != 0,
		Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		Window:  binary.BigEndian.Uint16(b[14:]),
		Payload: length - head,
	}
	f.TCP.Damaged = len(b) >= length && damaged(f.Src.Addr(), f.Dst.Addr(), b[:length])
}

// newTCP returns an empty header.
func (d *decoder) newTCP() *TCP {
	const atOnce = 64
	if len(d.tcps) == 0 {
		d.tcps = make([]TCP, atOnce)
	}
	t := &d.tcps[0]
	d.tcps = d.tcps[1:]
	return t
}

func (d *decoder) setUDP(f *Frame) {
	f.setPorts(uint16(d.udp.SrcPort), uint16(d.udp.DstPort))
	f.UDP = &UDP{Payload: len(d.udp.Payload)}
	if d.udp.Length > 0 {
		f.UDP.Payload = int(d.udp.Length) - len(d.udp.Contents)
	}
}

func (d *decoder) setICMPv4(f *Frame) {
	f.ICMP = &ICMP{Type: d.icmp4.TypeCode.Type(), Code: d.icmp4.TypeCode.Code()}
	switch f.ICMP.Type {
	case 3, 4, 5, 11, 12: // the errors of RFC 792
	default:
		return
	}
	q, ok := quoteIPv4(d.icmp4.Payload)
	if !ok {
		return
	}
	f.Unreach = &Unreach{Type: f.ICMP.Type, Code: f.ICMP.Code, Quoted: q}
	if f.ICMP.Type == 3 {
		f.Unreach.Reason = plan.UnreachReason(f.ICMP.Code)
	}
}

func (d *decoder) setICMPv6(f *Frame) {
	f.ICMP = &ICMP{Type: d.icmp6.TypeCode.Type(), Code: d.icmp6.TypeCode.Code()}
	// RFC 4443, section 2.1; gopacket leaves the header's last 4 bytes in the payload.
	const firstInformational, rest, solicitation = 128, 4, 135
	if f.ICMP.Type == solicitation && len(d.icmp6.Payload) >= rest+16 {
		f.Solicited, _ = netip.AddrFromSlice(d.icmp6.Payload[rest : rest+16])
	}
	if f.ICMP.Type >= firstInformational || len(d.icmp6.Payload) < rest {
		return
	}
	q, ok := quoteIPv6(d.icmp6.Payload[rest:])
	if !ok {
		return
	}
	reason, _ := plan.UnreachReason6(f.ICMP.Type, f.ICMP.Code)
	f.Unreach = &Unreach{Type: f.ICMP.Type, Code: f.ICMP.Code, Reason: reason, Quoted: q}
}

func (f *Frame) setPorts(src, dst uint16) {
	f.Src = netip.AddrPortFrom(f.Src.Addr(), src)
	f.Dst = netip.AddrPortFrom(f.Dst.Addr(), dst)
}

// address returns the address in b, with port 0; it is invalid unless b has
// the size of one.
func address(b []byte) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(addr, 0)
}
