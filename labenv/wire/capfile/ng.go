package capfile

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// NG is a pcapng file in the making: Section first, then its interfaces, then
// their packets, and perhaps another section.
type NG struct {
	order      binary.AppendByteOrder
	interfaces []Interface // of this section
	file       []byte
	ends       []int
	bounds     []int
}

// Option is an option of a block.
type Option struct {
	Code  uint16
	Value []byte
}

// Interface is what an interface description block says.
type Interface struct {
	Link Link
	// Resolution is if_tsresol: times count in 10^-Resolution seconds or, with
	// the highest bit set, in 2^-(Resolution&0x7f). 0 leaves the option out, and
	// microseconds are meant.
	Resolution uint8
	// Offset is if_tsoffset, in seconds: what is to be added to all times. 0
	// leaves it out.
	Offset  int64
	Options []Option // before those that the fields above ask for
	SnapLen uint32
}

// The blocks' types.
const (
	section   = 0x0A0D0D0A
	idb       = 1
	spb       = 3
	epb       = 6
	tsResol   = 9
	tsOffset  = 14
	binaryTSR = 0x80
)

// Section begins a section. Interfaces of the section before are forgotten.
func (n *NG) Section(bigEndian bool, options ...Option) {
	n.order, n.interfaces = orderOf(bigEndian), nil
	body := n.words(nil, 0x1A2B3C4D)
	body = n.order.AppendUint16(n.order.AppendUint16(body, 1), 0)
	body = n.order.AppendUint64(body, ^uint64(0)) // a section of unknown length
	n.Block(section, n.options(body, options))
}

// Interface adds an interface and returns its number in the section.
func (n *NG) Interface(i Interface) int {
	body := n.order.AppendUint16(n.order.AppendUint16(nil, uint16(i.Link)), 0)
	body = n.words(body, i.SnapLen)
	options := i.Options
	if i.Resolution != 0 {
		options = append(options[:len(options):len(options)], Option{tsResol, []byte{i.Resolution}})
	}
	if i.Offset != 0 {
		options = append(options[:len(options):len(options)], Option{tsOffset, n.order.AppendUint64(nil, uint64(i.Offset))})
	}
	n.Block(idb, n.options(body, options))
	n.interfaces = append(n.interfaces, i)
	return len(n.interfaces) - 1
}

// Add adds an enhanced packet block.
func (n *NG) Add(number int, p Packet, options ...Option) {
	ticks := n.interfaces[number].ticks(p.Time)
	body := n.words(nil, uint32(number), uint32(ticks>>32), uint32(ticks), uint32(len(p.Data)), p.length())
	n.Block(epb, n.options(padded(append(body, p.Data...)), options))
	n.ends = append(n.ends, len(n.file))
}

// AddSimple adds a simple packet block: it has no time, and is of interface 0.
func (n *NG) AddSimple(p Packet) {
	n.Block(spb, padded(append(n.words(nil, p.length()), p.Data...)))
	n.ends = append(n.ends, len(n.file))
}

// Block adds a block of any type. The body's size is a multiple of four.
func (n *NG) Block(kind uint32, body []byte) {
	const around = 12
	size := uint32(len(body) + around)
	n.file = n.words(n.file, kind, size)
	n.file = n.words(append(n.file, body...), size)
	n.bounds = append(n.bounds, len(n.file))
}

// Bytes returns the file, and where each of its packets ends.
func (n *NG) Bytes() (file []byte, ends []int) { return n.file, n.ends }

// Bounds are the sizes at which the file might have ended as well: behind each
// block.
func (n *NG) Bounds() []int { return n.bounds }

// ticks is t in the interface's units. What t has below them is lost.
func (i Interface) ticks(t time.Time) uint64 {
	seconds, fraction := uint64(t.Unix()-i.Offset), uint64(t.Nanosecond())
	units := uint64(1_000_000)
	switch {
	case i.Resolution&binaryTSR != 0:
		units = 1 << (i.Resolution &^ binaryTSR)
	case i.Resolution != 0:
		units = 1
		for range i.Resolution {
			units *= 10
		}
	}
	hi, lo := bits.Mul64(fraction, units)
	below, _ := bits.Div64(hi, lo, uint64(time.Second))
	return seconds*units + below
}

func (n *NG) options(body []byte, options []Option) []byte {
	if len(options) == 0 {
		return body
	}
	for _, o := range options {
		body = n.order.AppendUint16(n.order.AppendUint16(body, o.Code), uint16(len(o.Value)))
		body = padded(append(body, o.Value...))
	}
	return n.words(body, 0)
}

func (n *NG) words(to []byte, all ...uint32) []byte {
	for _, w := range all {
		to = n.order.AppendUint32(to, w)
	}
	return to
}

// padded fills b up to a multiple of four bytes.
func padded(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
