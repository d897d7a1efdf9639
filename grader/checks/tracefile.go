package checks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"wirelab/labenv/wire/capfile"
)

// segment mirrors the driver's, which mirrors the exercise's.
type segment struct {
	Nanos              int64
	Src, Dst           netip.AddrPort
	SYN, ACK, RST, FIN bool
	Seq, Ack           uint32
	Payload            int
	TTL                uint8
}

// taken is one packet of a capture that a check makes, and what is true of it.
type taken struct {
	capfile.Packet
	what    string
	segment *segment // nil where it is none
}

// capture is a file with what is in it.
type capture struct {
	says    string // "a pcap file, big-endian, …"
	file    []byte
	ends    []int // where its packets end
	bounds  []int // where it might have ended as well
	packets []taken
}

// segments are the truth.
func (c capture) segments() []segment {
	var all []segment
	for _, p := range c.packets {
		if p.segment != nil {
			all = append(all, *p.segment)
		}
	}
	return all
}

// before counts the packets in the first bytes of the file: those that are whole,
// block and all, and those of which the bytes are there. A block of pcapng goes
// on behind its packet, and whether that is cut off may count or not.
func (c capture) before(at int) (whole, there int) {
	for i, p := range c.packets {
		if c.ends[i] <= at {
			whole++
		}
		if bytes.Contains(c.file[:at], p.Data) {
			there++
		}
	}
	return whole, there
}

// of tells which packet a segment comes from, by its sequence number: they are
// drawn, and no two are alike.
func (c capture) of(seq uint32) string {
	for i, p := range c.packets {
		if p.segment != nil && p.segment.Seq == seq {
			return fmt.Sprintf("packet %d, %s", i+1, p.what)
		}
	}
	return "a packet that is none"
}

// recorder makes captures.
type recorder struct {
	r       *rand.Rand
	now     time.Time
	grain   time.Duration // of the times
	packets []taken
}

func newRecorder(r *rand.Rand) *recorder {
	return &recorder{r: r, now: time.Unix(1_700_000_000+r.Int64N(100_000_000), 0), grain: time.Microsecond}
}

// tick lets a moment pass, and returns the time.
func (m *recorder) tick() time.Time {
	const most = 300 * time.Millisecond
	m.now = m.now.Add(m.grain * (1 + time.Duration(m.r.Int64N(int64(most/m.grain)))))
	return m.now
}

// take adds a frame, captured whole, that holds the segment; nil where it holds
// none.
func (m *recorder) take(what string, data []byte, s *segment) {
	m.takeCut(what, data, len(data), s)
}

// takeCut is take for a frame of which size bytes were captured.
func (m *recorder) takeCut(what string, data []byte, size int, s *segment) {
	t := m.tick()
	if s != nil {
		s.Nanos = t.UnixNano()
	}
	m.packets = append(m.packets, taken{capfile.Packet{Time: t, Data: data[:size], Length: len(data)}, what, s})
}

// addr draws an address of a family.
func (m *recorder) addr(six bool) netip.Addr {
	if !six {
		return netip.AddrFrom4([4]byte{10, byte(m.r.Uint32()), byte(m.r.Uint32()), byte(1 + m.r.IntN(250))})
	}
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint64(b[8:], m.r.Uint64()|1)
	return netip.AddrFrom16(b)
}

func (m *recorder) addrPort(six bool) netip.AddrPort {
	return netip.AddrPortFrom(m.addr(six), uint16(1+m.r.IntN(65535)))
}

// draw draws a segment: flags that occur, whatever numbers, sometimes options
// and data.
func (m *recorder) draw(six bool) capfile.Segment {
	flags := []uint8{capfile.SYN, capfile.SYN | capfile.ACK, capfile.RST, capfile.RST | capfile.ACK, capfile.ACK, capfile.FIN | capfile.ACK, capfile.PSH | capfile.ACK}
	s := capfile.Segment{Src: m.addrPort(six), Dst: m.addrPort(six), Flags: flags[m.r.IntN(len(flags))], Seq: m.r.Uint32(), Ack: m.r.Uint32()}
	if m.r.IntN(2) == 0 {
		s.Options = []byte{2, 4, 5, 0xb4, 1, 1, 4, 2}
	}
	if s.Flags&(capfile.SYN|capfile.RST) == 0 {
		s.Payload = make([]byte, m.r.IntN(40))
	}
	return s
}

// truth is what is true of a segment in a packet with the TTL.
func truth(s capfile.Segment, ttl uint8) *segment {
	return &segment{
		Src: s.Src, Dst: s.Dst, Seq: s.Seq, Ack: s.Ack, Payload: len(s.Payload), TTL: ttl,
		SYN: s.Flags&capfile.SYN != 0, ACK: s.Flags&capfile.ACK != 0, RST: s.Flags&capfile.RST != 0, FIN: s.Flags&capfile.FIN != 0,
	}
}

// header is the IP header for a segment.
func (m *recorder) header(s capfile.Segment) capfile.Header {
	return capfile.Header{Src: s.Src.Addr(), Dst: s.Dst.Addr(), TTL: uint8(1 + m.r.IntN(255)), Protocol: capfile.TCP}
}

// plain adds a drawn segment in a frame of a link type.
func (m *recorder) plain(link capfile.Link, six, bigEndian bool) {
	s := m.draw(six)
	h := m.header(s)
	m.take(fmt.Sprintf("%s over %s on %v", flagsOf(s.Flags), family(six), link), capfile.Framed(link, h.Packet(s.Bytes()), bigEndian), truth(s, h.TTL))
}

// some adds a few plain segments of both families.
func (m *recorder) some(n int) {
	for i := range n {
		m.plain(capfile.Ethernet, i%2 == 1, false)
	}
}

// classic makes a pcap file of what was taken.
func (m *recorder) classic(c capfile.Classic) capture {
	for _, p := range m.packets {
		c.Add(p.Packet)
	}
	file, ends := c.Bytes()
	unit := "microseconds"
	if c.Nano {
		unit = "nanoseconds"
	}
	return capture{fmt.Sprintf("a pcap file (%s, %s, link type %v)", orderOf(c.BigEndian), unit, c.Link), file, ends, c.Bounds(), m.packets}
}

// usual makes the most usual pcap file.
func (m *recorder) usual() capture { return m.classic(capfile.Classic{Link: capfile.Ethernet}) }

func orderOf(bigEndian bool) string {
	if bigEndian {
		return "big-endian"
	}
	return "little-endian"
}

func family(six bool) string {
	if six {
		return "IPv6"
	}
	return "IPv4"
}

// flagsOf names flags as tcpdump's manual does: "SYN-ACK".
func flagsOf(flags uint8) string {
	var names []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"} {
		if flags&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "-")
}
