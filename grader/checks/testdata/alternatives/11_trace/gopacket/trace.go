package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"wirelab/exercises/port"
)

// This solution leaves to gopacket what gopacket can do, and reads all of the
// file before it looks at any of it.

// seen is a decoded packet.
type seen struct {
	when     time.Time
	segment  *Segment
	icmp     bool
	to       netip.Addr
	reason   port.Reason
	about    netip.AddrPort // whom the quoted packet was for
	by       netip.AddrPort // and who sent it
	sequence uint32
}

func Segments(r io.Reader) ([]Segment, error) {
	all, err := read(r)
	var out []Segment
	for _, p := range all {
		if p.segment != nil {
			out = append(out, *p.segment)
		}
	}
	return out, err
}

func Verdicts(r io.Reader, scanner netip.Addr) ([]port.Result, error) {
	if !scanner.IsValid() {
		return nil, errors.New("no scanner")
	}
	scanner = scanner.Unmap()
	all, err := read(r)
	targets := map[netip.Addr]bool{}
	ports := map[uint16]bool{}
	for _, p := range all {
		if asks(p, scanner) {
			targets[p.segment.Dst.Addr()] = true
			ports[p.segment.Dst.Port()] = true
		}
	}
	if len(targets) > 1 {
		return nil, errors.New("several targets")
	}
	var out []port.Result
	for n := range ports {
		for target := range targets {
			out = append(out, judge(all, netip.AddrPortFrom(target, n), scanner))
		}
	}
	slices.SortFunc(out, func(a, b port.Result) int { return int(a.Port) - int(b.Port) })
	return out, err
}

func asks(p seen, scanner netip.Addr) bool {
	return p.segment != nil && p.segment.Src.Addr() == scanner && p.segment.SYN && !p.segment.ACK
}

// judge goes through all packets for one port.
func judge(all []seen, target netip.AddrPort, scanner netip.Addr) port.Result {
	var syns []Segment
	for _, p := range all {
		if asks(p, scanner) && p.segment.Dst == target {
			syns = append([]Segment{*p.segment}, syns...)
			continue
		}
		for _, syn := range syns {
			switch {
			case p.icmp && p.to == scanner && p.about == target && p.by == syn.Src && p.sequence == syn.Seq:
				return port.Result{Port: target.Port(), State: port.Filtered, Reason: p.reason}
			case p.segment == nil || p.segment.Src != target || p.segment.Dst != syn.Src || !p.segment.ACK || p.segment.Ack != syn.Seq+1:
			case p.segment.RST:
				return port.Result{Port: target.Port(), State: port.Closed, Reason: port.Reset, RTT: p.when.Sub(syn.Time)}
			case p.segment.SYN:
				return port.Result{Port: target.Port(), State: port.Open, Reason: port.SYNACK, RTT: p.when.Sub(syn.Time)}
			}
		}
	}
	return port.Result{Port: target.Port(), State: port.Filtered, Reason: port.NoResponse}
}

// read reads a whole file. An error of the reader's comes first.
func read(r io.Reader) ([]seen, error) {
	file, failed := io.ReadAll(r)
	if len(file) < 4 {
		return nil, errors.Join(failed, errors.New("no capture"))
	}
	var all []seen
	var err error
	if binary.BigEndian.Uint32(file) == 0x0A0D0D0A {
		all, err = readNg(file)
	} else {
		all, err = readClassic(file)
	}
	if failed != nil {
		return all, failed
	}
	return all, err
}

func readClassic(file []byte) ([]seen, error) {
	r, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if file[0] == 0xa1 {
		order = binary.BigEndian
	}
	link := order.Uint32(file[20:]) // pcapgo has eight bits for it
	var all []seen
	at := 24
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			if at != len(file) {
				return all, io.ErrUnexpectedEOF
			}
			return all, nil
		}
		if err != nil {
			return all, err
		}
		at += 16 + len(data)
		all = append(all, decode(link, data, info))
	}
}

// readNg hands whole blocks to pcapgo, which takes a block that was cut for the
// end of the file.
func readNg(file []byte) ([]seen, error) {
	whole, cut := wholeBlocks(file)
	if whole == 0 {
		return nil, cut
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(file[:whole]), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		return nil, err
	}
	var all []seen
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all, cut
		}
		if err != nil {
			return all, err
		}
		link := uint32(r.LinkType())
		if len(info.AncillaryData) > 0 {
			link = uint32(info.AncillaryData[0].(layers.LinkType))
		}
		all = append(all, decode(link, data, info))
	}
}

// wholeBlocks returns how many bytes of the file are whole blocks.
func wholeBlocks(file []byte) (int, error) {
	var order binary.ByteOrder
	interfaces := 0
	at := 0
	for at < len(file) {
		b := file[at:]
		if len(b) < 12 {
			return at, io.ErrUnexpectedEOF
		}
		if binary.BigEndian.Uint32(b) == 0x0A0D0D0A {
			interfaces = 0
			switch binary.BigEndian.Uint32(b[8:]) {
			case 0x1A2B3C4D:
				order = binary.BigEndian
			case 0x4D3C2B1A:
				order = binary.LittleEndian
			default:
				return at, errors.New("no byte order")
			}
		}
		size := order.Uint32(b[4:])
		if size < 12 || size%4 != 0 {
			return at, fmt.Errorf("a block of %d bytes", size)
		}
		if uint64(size) > uint64(len(b)) {
			return at, io.ErrUnexpectedEOF
		}
		switch order.Uint32(b) {
		case 1:
			interfaces++
		case 6:
			if size < 32 || order.Uint32(b[20:]) > size-32 || int(order.Uint32(b[8:])) >= interfaces {
				return at, errors.New("a packet that cannot be")
			}
		}
		at += int(size)
	}
	return at, nil
}

func decode(link uint32, data []byte, info gopacket.CaptureInfo) seen {
	p := seen{when: info.Timestamp}
	decoder, skip := gopacket.Decoder(layers.LayerTypeEthernet), 0
	switch link {
	case LinkEthernet:
		// gopacket knows two kinds of tags, and there are three.
		for len(data) >= 18 && (data[12] == 0x81 && data[13] == 0 || data[12] == 0x88 && data[13] == 0xa8 || data[12] == 0x91 && data[13] == 0) {
			data = append(slices.Clone(data[:12]), data[16:]...)
			info.Length -= 4
		}
	case LinkNull:
		decoder = layers.LayerTypeLoopback
	case LinkCooked:
		decoder = layers.LayerTypeLinuxSLL
	case LinkCooked2, LinkRaw:
		if link == LinkCooked2 {
			skip = 20
		}
		if len(data) <= skip {
			return p
		}
		decoder = layers.LayerTypeIPv4
		if data[skip]>>4 == 6 {
			decoder = layers.LayerTypeIPv6
		}
	default:
		return p
	}
	packet := gopacket.NewPacket(data[skip:], decoder, gopacket.NoCopy)
	wire := info.Length - skip
	for _, l := range packet.Layers() {
		switch ip := l.(type) {
		case *layers.IPv4:
			if len(ip.Contents) < 20 { // it was not whole
				return p
			}
			length := int(binary.BigEndian.Uint16(ip.Contents[2:])) // ip.Length is another where this is 0
			if length == 0 || length > wire {
				length = wire
			}
			src, dst := netip.AddrFrom4([4]byte(ip.SrcIP.To4())), netip.AddrFrom4([4]byte(ip.DstIP.To4()))
			if ip.Version == 4 && ip.FragOffset == 0 {
				p.payload(src, dst, uint8(ip.Protocol), ip.TTL, ip.Payload, length-len(ip.Contents))
			}
			return p
		case *layers.IPv6:
			if len(ip.SrcIP) != 16 || len(ip.DstIP) != 16 { // it was not whole
				return p
			}
			src, dst := netip.AddrFrom16([16]byte(ip.SrcIP)), netip.AddrFrom16([16]byte(ip.DstIP))
			if ip.Version == 6 {
				p.chain(src, dst, ip, wire)
			}
			return p
		}
		wire -= len(l.LayerContents())
	}
	return p
}

// chain follows the headers of IPv6 by itself: gopacket has a layer for each,
// but stops at fragments.
func (p *seen) chain(src, dst netip.Addr, ip *layers.IPv6, wire int) {
	length := int(ip.Length)
	if length > wire-40 {
		length = wire - 40
	}
	next, b := ip.NextHeader, ip.Payload
	if ip.HopByHop != nil {
		next = ip.HopByHop.NextHeader
		length -= ip.HopByHop.ActualLength
	}
	for {
		size := 0
		switch next {
		case layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(b) < 8 {
				return
			}
			size = 8 * (1 + int(b[1]))
		case layers.IPProtocolIPv6Fragment:
			if len(b) < 8 || binary.BigEndian.Uint16(b[2:])>>3 != 0 {
				return
			}
			size = 8
		default:
			p.payload(src, dst, uint8(next), ip.HopLimit, b, length)
			return
		}
		if size > len(b) {
			return
		}
		next, b, length = layers.IPProtocol(b[0]), b[size:], length-size
	}
}

func (p *seen) payload(src, dst netip.Addr, protocol, ttl uint8, b []byte, length int) {
	switch layers.IPProtocol(protocol) {
	case layers.IPProtocolTCP:
		var t layers.TCP
		if len(b) < 20 || int(b[12]>>4) < 5 || 4*int(b[12]>>4) > len(b) {
			return
		}
		// The options are of no account, and must do no harm.
		plain := slices.Clone(b[:20])
		plain[12] = 5 << 4
		if t.DecodeFromBytes(plain, gopacket.NilDecodeFeedback) != nil {
			return
		}
		p.segment = &Segment{
			Time: p.when, Src: netip.AddrPortFrom(src, uint16(t.SrcPort)), Dst: netip.AddrPortFrom(dst, uint16(t.DstPort)),
			SYN: t.SYN, ACK: t.ACK, RST: t.RST, FIN: t.FIN, Seq: t.Seq, Ack: t.Ack, Payload: length - 4*int(b[12]>>4), TTL: ttl,
		}
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		if len(b) >= 8 {
			p.error(src.Is6(), dst, b[0], b[1], b[8:])
		}
	}
}

func (p *seen) error(six bool, dst netip.Addr, typ, code uint8, quoted []byte) {
	v4 := map[uint8]port.Reason{0: port.NetUnreach, 1: port.HostUnreach, 2: port.ProtoUnreach, 3: port.PortUnreach, 9: port.AdminProhibited, 10: port.AdminProhibited, 13: port.AdminProhibited}
	v6 := map[uint8]port.Reason{0: port.NetUnreach, 1: port.AdminProhibited, 3: port.HostUnreach, 4: port.PortUnreach, 5: port.AdminProhibited, 6: port.AdminProhibited}
	switch {
	case !six && typ == 3:
		p.reason = v4[code]
	case six && typ == 1:
		p.reason = v6[code]
	}
	if p.reason == "" {
		return
	}
	var src, dest netip.Addr
	var b []byte
	switch {
	case !six && len(quoted) >= 20 && quoted[9] == 6:
		src, dest = netip.AddrFrom4([4]byte(quoted[12:])), netip.AddrFrom4([4]byte(quoted[16:]))
		b = quoted[min(len(quoted), 4*int(quoted[0]&15)):]
	case six && len(quoted) >= 40 && quoted[6] == 6:
		src, dest = netip.AddrFrom16([16]byte(quoted[8:])), netip.AddrFrom16([16]byte(quoted[24:]))
		b = quoted[40:]
	}
	if len(b) < 8 {
		return
	}
	p.icmp, p.to, p.sequence = true, dst, binary.BigEndian.Uint32(b[4:])
	p.by = netip.AddrPortFrom(src, binary.BigEndian.Uint16(b))
	p.about = netip.AddrPortFrom(dest, binary.BigEndian.Uint16(b[2:]))
}
