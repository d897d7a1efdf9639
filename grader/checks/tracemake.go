package checks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"wirelab/labenv/wire/capfile"
)

// The captures that Segments has to read, by what is unusual about them. All
// are drawn anew for each run; `tshark` reads them as they say (tested).

// bothOrders calls record for either byte order.
func bothOrders(r *rand.Rand, record func(m *recorder, bigEndian bool) capture) []capture {
	return []capture{record(newRecorder(r), false), record(newRecorder(r), true)}
}

func pcapFiles(r *rand.Rand) []capture {
	var all []capture
	for _, nano := range []bool{false, true} {
		all = append(all, bothOrders(r, func(m *recorder, big bool) capture {
			m.some(6)
			return m.classic(capfile.Classic{Link: capfile.Ethernet, BigEndian: big, Nano: nano})
		})...)
	}
	return append(all, newRecorder(r).usual())
}

func ngFiles(r *rand.Rand) []capture {
	all := bothOrders(r, ngWithOptions)
	all = append(all, bothOrders(r, ngOfManyInterfaces)...)
	all = append(all, bothOrders(r, ngOfTwoSections)...)
	all = append(all, bothOrders(r, ngSimple)...)
	return all
}

// ng finishes a pcapng file whose packets are those that m took.
func (m *recorder) ng(says string, bigEndian bool, n *capfile.NG) capture {
	file, ends := n.Bytes()
	return capture{fmt.Sprintf("a pcapng file (%s, %s)", orderOf(bigEndian), says), file, ends, n.Bounds(), m.packets}
}

// ngWithOptions has options and blocks that say nothing about packets.
func ngWithOptions(m *recorder, big bool) capture {
	const comment, hardware, name, flags = 1, 2, 2, 2
	var n capfile.NG
	n.Section(big, capfile.Option{Code: hardware, Value: []byte("wirelab")}, capfile.Option{Code: comment, Value: []byte("drawn")})
	eth := n.Interface(capfile.Interface{Link: capfile.Ethernet, SnapLen: 262144, Options: []capfile.Option{{Code: name, Value: []byte("eth0")}}})
	m.some(4)
	for i, p := range m.packets {
		n.Add(eth, p.Packet, capfile.Option{Code: flags, Value: []byte{0, 0, 0, 1}}, capfile.Option{Code: comment, Value: []byte("x")})
		// Name resolution, interface statistics, secrets, and one that nobody knows.
		n.Block([]uint32{4, 5, 10, 0x0BAD0BAD}[i], make([]byte, 16))
	}
	return m.ng("with options and blocks of other kinds", big, &n)
}

// ngOfManyInterfaces has an interface of each link type.
func ngOfManyInterfaces(m *recorder, big bool) capture {
	var n capfile.NG
	n.Section(big)
	links := []capfile.Link{capfile.Raw, capfile.Ethernet, capfile.Cooked, capfile.Null}
	m.r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
	for i, link := range links {
		n.Interface(capfile.Interface{Link: link})
		m.plain(link, i%2 == 0, big)
		m.plain(link, i%2 == 1, big)
	}
	var shuffled []taken
	for _, i := range m.r.Perm(len(m.packets)) {
		n.Add(i/2, m.packets[i].Packet)
		shuffled = append(shuffled, m.packets[i])
	}
	m.packets = shuffled
	return m.ng("several interfaces", big, &n)
}

// ngOfTwoSections has a second section, in the other byte order, whose interfaces
// are numbered anew: two files, one appended to the other.
func ngOfTwoSections(m *recorder, big bool) capture {
	var n capfile.NG
	for _, link := range []capfile.Link{capfile.Ethernet, capfile.Raw} {
		n.Section(big == (link == capfile.Ethernet))
		n.Interface(capfile.Interface{Link: link})
		before := len(m.packets)
		m.plain(link, false, false)
		m.plain(link, true, false)
		for _, p := range m.packets[before:] {
			n.Add(0, p.Packet)
		}
	}
	return m.ng("two sections", big, &n)
}

// ngSimple has simple packet blocks among others. One was cut by the snapshot
// length, which is the only word about its size.
func ngSimple(m *recorder, big bool) capture {
	const snapLen = 66
	var n capfile.NG
	n.Section(big)
	n.Interface(capfile.Interface{Link: capfile.Ethernet, SnapLen: snapLen})
	for range 4 {
		s := m.draw(false)
		s.Options, s.Payload = nil, make([]byte, 40)
		h := m.header(s)
		frame := capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false)
		m.takeCut("a segment with 40 bytes, 12 of them captured", frame, snapLen, truth(s, h.TTL))
		p := &m.packets[len(m.packets)-1]
		if len(m.packets)%2 == 0 {
			n.Add(0, p.Packet)
			continue
		}
		p.segment.Nanos = 0
		n.AddSimple(p.Packet)
	}
	return m.ng("with simple packet blocks", big, &n)
}

// timeFiles have clocks of every kind.
func timeFiles(r *rand.Rand) []capture {
	all := bothOrders(r, func(m *recorder, big bool) capture {
		m.grain = time.Nanosecond
		m.some(5)
		return m.classic(capfile.Classic{Link: capfile.Ethernet, BigEndian: big, Nano: true})
	})
	all = append(all, bothOrders(r, func(m *recorder, big bool) capture {
		m.some(5)
		return m.classic(capfile.Classic{Link: capfile.Ethernet, BigEndian: big})
	})...)
	const half, binary = time.Second / 512, 0x80
	for _, i := range []struct {
		grain      time.Duration
		resolution uint8
		offset     int64
		says       string
	}{
		{time.Microsecond, 0, 0, "times in microseconds, by default"},
		{time.Nanosecond, 9, 0, "times in nanoseconds"},
		{time.Millisecond, 3, 0, "times in milliseconds"},
		{time.Second, 0 | binary, 0, "times in seconds, 2^0"},
		{half, 20 | binary, 0, "times in 2^-20 seconds"},
		{half, 32 | binary, 0, "times in 2^-32 seconds"},
		{time.Nanosecond, 9, 1_600_000_000, "times in nanoseconds, to which an offset is to be added"},
		{time.Microsecond, 0, -3600, "times in microseconds, from which an hour is to be taken"},
	} {
		all = append(all, bothOrders(r, func(m *recorder, big bool) capture {
			m.grain = min(i.grain, 100*time.Millisecond) // a clock of whole seconds cuts off what is below
			var n capfile.NG
			n.Section(big)
			n.Interface(capfile.Interface{Link: capfile.Ethernet, Resolution: i.resolution, Offset: i.offset})
			m.some(5)
			for j := range m.packets {
				p := &m.packets[j]
				p.Time = p.Time.Truncate(i.grain)
				p.segment.Nanos = p.Time.UnixNano()
				n.Add(0, p.Packet)
			}
			return m.ng(i.says, big, &n)
		})...)
	}
	return append(all, bothOrders(r, ngOfTwoClocks)...)
}

// ngOfTwoClocks has two interfaces that count differently.
func ngOfTwoClocks(m *recorder, big bool) capture {
	var n capfile.NG
	n.Section(big)
	n.Interface(capfile.Interface{Link: capfile.Ethernet, Resolution: 9})
	n.Interface(capfile.Interface{Link: capfile.Ethernet})
	m.some(6)
	for i, p := range m.packets {
		n.Add(i%2, p.Packet)
	}
	return m.ng("two interfaces with clocks of their own", big, &n)
}

// fieldFiles have every flag with every other flag that is none of the four.
func fieldFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	for i, flags := range []uint8{
		0, capfile.SYN, capfile.ACK, capfile.RST, capfile.FIN, capfile.SYN | capfile.ACK, capfile.RST | capfile.ACK, capfile.FIN | capfile.ACK,
		capfile.SYN | capfile.ECE | capfile.CWR, capfile.ACK | capfile.PSH | capfile.URG, capfile.PSH, capfile.URG, capfile.ECE, capfile.CWR, 0xff,
	} {
		s := m.draw(i%2 == 1)
		s.Flags = flags
		if i%3 == 0 {
			s.Seq, s.Ack = s.Seq|1<<31, s.Ack|1<<31
		}
		h := m.header(s)
		m.take("a segment with the flags "+flagsOf(flags), capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false), truth(s, h.TTL))
	}
	return []capture{m.usual()}
}

// linkFiles have frames of every link type.
func linkFiles(r *rand.Rand) []capture {
	var all []capture
	for _, link := range []capfile.Link{capfile.Ethernet, capfile.Raw, capfile.Cooked, capfile.Cooked2, capfile.Null} {
		all = append(all, bothOrders(r, func(m *recorder, big bool) capture {
			for i := range 4 {
				m.plain(link, i%2 == 1, big)
			}
			return m.classic(capfile.Classic{Link: link, BigEndian: big})
		})...)
	}
	// On loopback every system has a number of its own for IPv6.
	m := newRecorder(r)
	for _, number := range []byte{24, 28, 30} {
		m.plain(capfile.Null, true, false)
		p := &m.packets[len(m.packets)-1]
		p.what += fmt.Sprintf(", which is number %d there", number)
		p.Data[0] = number
	}
	return append(all, m.classic(capfile.Classic{Link: capfile.Null}))
}

// tagFiles have VLAN tags.
func tagFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	const priority = 5 << 13
	for i, tags := range [][]capfile.Tag{
		{{EtherType: capfile.VLAN, VLAN: 5}},
		{{EtherType: capfile.VLAN, VLAN: priority}},
		{{EtherType: capfile.QinQ, VLAN: 100}, {EtherType: capfile.VLAN, VLAN: 0x0800}}, // a number that looks like an EtherType
		{{EtherType: capfile.VLAN, VLAN: 7}, {EtherType: capfile.VLAN, VLAN: 8}},
		{{EtherType: capfile.OldTag, VLAN: 7}, {EtherType: capfile.VLAN, VLAN: 8}},
		{{EtherType: capfile.QinQ, VLAN: 1}, {EtherType: capfile.VLAN, VLAN: 2}, {EtherType: capfile.VLAN, VLAN: 3}},
	} {
		for _, six := range []bool{i%2 == 0, i%2 == 1} {
			s := m.draw(six)
			h := m.header(s)
			m.take(fmt.Sprintf("%s over %s behind %d VLAN tags", flagsOf(s.Flags), family(six), len(tags)),
				capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false, tags...), truth(s, h.TTL))
		}
	}
	return []capture{m.usual()}
}

// headerFiles have IPv4 options and IPv6 extension headers.
func headerFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	for _, size := range []int{4, 8, 40} {
		s := m.draw(false)
		h := m.header(s)
		h.Options = bytes.Repeat([]byte{1}, size) // no operation
		m.take(fmt.Sprintf("%s behind %d bytes of IPv4 options", flagsOf(s.Flags), size), capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false), truth(s, h.TTL))
	}
	padding := func(kind uint8, eights int) capfile.Extension {
		size := 8*eights - 2
		return capfile.Extension{Type: kind, Body: append([]byte{1, byte(size - 2)}, make([]byte, size-2)...)}
	}
	routing := capfile.Extension{Type: capfile.Routing, Body: append([]byte{253, 0}, make([]byte, 4)...)} // RFC 3692: for experiments, and no segments left
	for _, c := range [][]capfile.Extension{
		{padding(capfile.HopByHop, 1)}, {padding(capfile.HopByHop, 3)}, {padding(capfile.Destination, 2)}, {routing},
		{padding(capfile.HopByHop, 1), padding(capfile.Destination, 1), routing, padding(capfile.Destination, 2)},
		{capfile.Fragment(0, false, m.r.Uint32())}, // an atomic fragment (RFC 6946)
		{padding(capfile.HopByHop, 2), capfile.Fragment(0, false, m.r.Uint32()), padding(capfile.Destination, 1)},
	} {
		s := m.draw(true)
		h := m.header(s)
		h.Extensions = c
		m.take(fmt.Sprintf("%s behind %d IPv6 extension headers", flagsOf(s.Flags), len(c)), capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false), truth(s, h.TTL))
	}
	return []capture{m.usual()}
}

// fragmentFiles have segments in fragments. What the later ones hold looks like
// a segment, and is data.
func fragmentFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	for _, six := range []bool{false, true} {
		for _, first := range []int{64, 24, 8} {
			s, decoy := m.draw(six), m.draw(six)
			s.Options, decoy.Options, decoy.Payload = nil, nil, nil
			s.Flags = capfile.ACK | capfile.PSH
			s.Payload = slices.Concat(make([]byte, max(0, first-20)), decoy.Bytes(), make([]byte, 12))
			if first < 20 {
				s.Payload = slices.Concat([]byte{5 << 4, capfile.SYN}, make([]byte, 40)) // where the second fragment would have its flags
			}
			m.fragments(s, first)
		}
	}
	m.some(1)
	return []capture{m.usual()}
}

// fragments takes a segment in three fragments, of which the first has so many
// bytes: none but that can be a segment, and only if TCP's header is in it.
func (m *recorder) fragments(s capfile.Segment, first int) {
	h, b, id := m.header(s), s.Bytes(), m.r.Uint32()
	six := s.Src.Addr().Is6()
	bounds := []int{0, first, len(b) &^ 7, len(b)}
	if bounds[2] == bounds[3] {
		bounds[2] -= 8
	}
	for i := range 3 {
		from, to := bounds[i], bounds[i+1]
		part, more := h, i < 2
		if six {
			part.Extensions = []capfile.Extension{capfile.Fragment(uint16(from/8), more, id)}
		} else {
			part.ID, part.More, part.Offset = uint16(id), more, uint16(from/8)
		}
		var is *segment
		if i == 0 && first >= 20 {
			is = truth(s, h.TTL)
			is.Payload = first - 20
		}
		m.take(fmt.Sprintf("fragment %d of a segment over %s, with %d bytes of it", i+1, family(six), to-from),
			capfile.Framed(capfile.Ethernet, part.Packet(b[from:to]), false), is)
	}
}

// payloadFiles have frames whose size is not the packet's.
func payloadFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	for _, six := range []bool{false, true} {
		draw := func(size int) (capfile.Segment, capfile.Header) {
			s := m.draw(six)
			s.Flags, s.Payload = capfile.ACK|capfile.PSH, make([]byte, size)
			return s, m.header(s)
		}
		eth := func(ip []byte) []byte { return capfile.Framed(capfile.Ethernet, ip, false) }
		s, h := draw(0)
		m.take("a segment without data, padded as Ethernet pads small frames", append(eth(h.Packet(s.Bytes())), make([]byte, 12)...), truth(s, h.TTL))
		s, h = draw(100)
		m.take("a segment with 100 bytes, and the frame's check sequence behind it", append(eth(h.Packet(s.Bytes())), 1, 2, 3, 4), truth(s, h.TTL))
		s, h = draw(1000)
		frame := eth(h.Packet(s.Bytes()))
		m.takeCut("a segment with 1000 bytes, of which 96 of the frame were captured", frame, 96, truth(s, h.TTL))
		s, h = draw(3000)
		h.Lies, h.Length = true, 0
		if !six { // in IPv6 a length of 0 is that of a jumbogram, which is another matter
			m.take("a segment with 3000 bytes, whose IP length is 0", eth(h.Packet(s.Bytes())), truth(s, h.TTL))
		}
		s, h = draw(30)
		h.Lies, h.Length = true, 900
		m.take("a segment with 30 bytes, whose IP length is 900", eth(h.Packet(s.Bytes())), truth(s, h.TTL))
	}
	s := m.draw(true)
	s.Payload = make([]byte, 10)
	h := m.header(s)
	h.Extensions = []capfile.Extension{{Type: capfile.HopByHop, Body: []byte{1, 4, 0, 0, 0, 0}}}
	m.take("a segment with 10 bytes, behind an extension header", capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false), truth(s, h.TTL))
	return []capture{m.usual()}
}

// otherFiles have packets that are no segments, among some that are.
func otherFiles(r *rand.Rand) []capture {
	m := newRecorder(r)
	eth := func(ip []byte) []byte { return capfile.Framed(capfile.Ethernet, ip, false) }
	m.some(1)
	m.take("an ARP request", capfile.Ether(capfile.ARP, slices.Concat([]byte{0, 1, 8, 0, 6, 4, 0, 1}, make([]byte, 20))), nil)
	for _, six := range []bool{false, true} {
		s := m.draw(six)
		s.Options, s.Payload = nil, nil
		h := m.header(s)
		packet := h.Packet(s.Bytes())
		u := h
		u.Protocol = capfile.UDP
		m.take("a UDP datagram, whose data looks like a segment", eth(u.Packet(capfile.Datagram(s.Src, s.Dst, s.Bytes()))), nil)
		typ := uint8(3)
		if u.Protocol = capfile.ICMP; six {
			u.Protocol, typ = capfile.ICMPv6, 1
		}
		m.take("an ICMP error that quotes a segment", eth(u.Packet(capfile.Unreach(u.Src, u.Dst, typ, 1, packet))), nil)
		u.Protocol = 253 // RFC 3692: for experiments
		m.take("a packet of another protocol", eth(u.Packet(s.Bytes())), nil)
		m.some(1)
		frame := eth(packet)
		m.takeCut("a segment whose header was captured but for one byte", frame, len(frame)-1, nil)
		m.takeCut("a segment of which only the IP header was captured", frame, len(frame)-20, nil)
		m.takeCut("a packet whose IP header was not captured whole", frame, len(frame)-21, nil)
		s.Options = bytes.Repeat([]byte{1}, 12)
		frame = eth(h.Packet(s.Bytes()))
		m.takeCut("a segment whose options were not captured", frame, len(frame)-12, nil)
		m.takeCut("half of an Ethernet header", frame, 9, nil)
	}
	m.take("a frame of another EtherType, with an IP packet in it", capfile.Ether(0x88b5, m.packets[0].Data[14:]), nil)
	for range 8 {
		junk := make([]byte, 60)
		for i := range junk {
			junk[i] = byte(m.r.Uint32())
		}
		binary.BigEndian.PutUint16(junk[12:], []uint16{capfile.IPv4, capfile.IPv6, capfile.VLAN}[m.r.IntN(3)])
		junk[14] = 0xf0 | junk[14] // no version of IP
		if junk[13] == capfile.VLAN&0xff {
			binary.BigEndian.PutUint16(junk[16:], 0x88b5)
		}
		m.take("a frame full of junk", junk, nil)
	}
	m.some(2)
	return []capture{m.usual()}
}
