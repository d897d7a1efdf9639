package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// The blocks that matter (draft-ietf-opsawg-pcapng, section 4). All others are
// skipped.
const (
	sectionBlock   = 0x0A0D0D0A // the same in both byte orders
	interfaceBlock = 1
	simpleBlock    = 3
	packetBlock    = 6
)

// ng reads a pcapng file.
type ng struct {
	r          io.Reader
	order      binary.ByteOrder
	interfaces []device // of this section
}

// device is what an interface description block says.
type device struct {
	link    uint16
	snapLen uint32 // 0 is no limit
	units   uint64 // of the clock, in a second
	offset  int64  // seconds to be added to all times
}

func (n *ng) read(each func(frame)) error {
	for {
		kind, body, err := n.block()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("a block: %w", err)
		}
		switch kind {
		case sectionBlock:
			n.interfaces = nil
		case interfaceBlock:
			err = n.describe(body)
		case packetBlock:
			err = n.packet(body, each)
		case simpleBlock:
			err = n.simple(body, each)
		}
		if err != nil {
			return err
		}
	}
}

// block reads the next block. At the end of the file it returns io.EOF itself.
func (n *ng) block() (kind uint32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(n.r, head[:]); err != nil {
		return 0, nil, err
	}
	const around = 12 // type, size, and the size once more
	var rest []byte
	if binary.BigEndian.Uint32(head[:]) == sectionBlock {
		// Only behind the size stands in which byte order it is.
		rest = make([]byte, 4)
		if _, err := io.ReadFull(n.r, rest); err != nil {
			return 0, nil, cut(err)
		}
		if n.order, err = sectionOrder(rest); err != nil {
			return 0, nil, err
		}
	}
	kind, size := n.order.Uint32(head[:]), n.order.Uint32(head[4:])
	if size < around+uint32(len(rest)) || size%4 != 0 || size > largest {
		return 0, nil, fmt.Errorf("it claims %d bytes", size)
	}
	body = make([]byte, size-8)
	copy(body, rest)
	if _, err := io.ReadFull(n.r, body[len(rest):]); err != nil {
		return 0, nil, cut(err)
	}
	body, tail := body[:size-around], body[size-around:]
	if again := n.order.Uint32(tail); again != size {
		return 0, nil, fmt.Errorf("it begins with %d bytes and ends with %d", size, again)
	}
	return kind, body, nil
}

func sectionOrder(magic []byte) (binary.ByteOrder, error) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(magic) == 0x1A2B3C4D {
			return order, nil
		}
	}
	return nil, fmt.Errorf("no byte order is called % x", magic)
}

// describe takes note of an interface.
func (n *ng) describe(body []byte) error {
	if len(body) < 8 {
		return errors.New("an interface without a link type")
	}
	d := device{link: n.order.Uint16(body), snapLen: n.order.Uint32(body[4:]), units: 1_000_000}
	const resolution, offset = 9, 14
	for code, value := range n.options(body[8:]) {
		switch {
		case code == resolution && len(value) == 1:
			var err error
			if d.units, err = units(value[0]); err != nil {
				return err
			}
		case code == offset && len(value) == 8:
			d.offset = int64(n.order.Uint64(value))
		}
	}
	n.interfaces = append(n.interfaces, d)
	return nil
}

// options yields the options of a block, up to the first that is not whole.
func (n *ng) options(b []byte) func(yield func(uint16, []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, size := n.order.Uint16(b), int(n.order.Uint16(b[2:]))
			padded := (size + 3) &^ 3
			if b = b[4:]; code == 0 || padded > len(b) {
				return
			}
			if !yield(code, b[:size]) {
				return
			}
			b = b[padded:]
		}
	}
}

// units are the units of a clock in a second: if_tsresol is a power of ten or,
// with its highest bit set, of two.
func units(resolution byte) (uint64, error) {
	base, power := uint64(10), resolution&0x7f
	if resolution&0x80 != 0 {
		base = 2
	}
	n := uint64(1)
	for range power {
		over, more := bits.Mul64(n, base)
		if over != 0 {
			return 0, fmt.Errorf("no clock is as fine as %d^-%d", base, power)
		}
		n = more
	}
	return n, nil
}

// time is a time of the device's clock, to the nanosecond.
func (d device) time(ticks uint64) time.Time {
	seconds, rest := ticks/d.units, ticks%d.units
	hi, lo := bits.Mul64(rest, uint64(time.Second))
	nanoseconds, _ := bits.Div64(hi, lo, d.units) // rest is below units, so that this cannot overflow
	return time.Unix(int64(seconds)+d.offset, int64(nanoseconds))
}

// packet reads an enhanced packet block.
func (n *ng) packet(body []byte, each func(frame)) error {
	const head = 20
	if len(body) < head {
		return errors.New("a packet without a header")
	}
	number, size := n.order.Uint32(body), n.order.Uint32(body[12:])
	if uint64(number) >= uint64(len(n.interfaces)) {
		return fmt.Errorf("a packet of interface %d, of which nothing was said", number)
	}
	if uint64(size) > uint64(len(body)-head) {
		return fmt.Errorf("a packet claims %d captured bytes, in a block that has %d", size, len(body)-head)
	}
	d := n.interfaces[number]
	each(frame{
		time: d.time(uint64(n.order.Uint32(body[4:]))<<32 | uint64(n.order.Uint32(body[8:]))),
		link: d.link, data: body[head : head+int(size)], length: int(n.order.Uint32(body[16:])),
	})
	return nil
}

// simple reads a simple packet block: the first interface's, without a time.
// How much was captured follows from the rest.
func (n *ng) simple(body []byte, each func(frame)) error {
	if len(body) < 4 || len(n.interfaces) == 0 {
		return errors.New("a simple packet without a size, or without an interface")
	}
	d, length := n.interfaces[0], n.order.Uint32(body)
	size := min(length, uint32(len(body)-4))
	if d.snapLen > 0 {
		size = min(size, d.snapLen)
	}
	each(frame{link: d.link, data: body[4 : 4+size], length: int(length)})
	return nil
}
