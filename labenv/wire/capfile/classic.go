package capfile

import (
	"encoding/binary"
	"time"
)

// Classic is a pcap file in the making. Its fields are set before the first
// packet is added.
type Classic struct {
	Link      Link
	BigEndian bool
	Nano      bool // times in nanoseconds; else in microseconds

	file []byte
	ends []int
}

// Add adds a packet. What its time has below the file's resolution is lost.
func (c *Classic) Add(p Packet) {
	c.begin()
	fraction := p.Time.Nanosecond()
	if !c.Nano {
		fraction /= int(time.Microsecond)
	}
	c.words(uint32(p.Time.Unix()), uint32(fraction), uint32(len(p.Data)), p.length())
	c.file = append(c.file, p.Data...)
	c.ends = append(c.ends, len(c.file))
}

// FileHeader is the size of a pcap file's header, in bytes.
const FileHeader = 24

// Bytes returns the file, and where each of its packets ends.
func (c *Classic) Bytes() (file []byte, ends []int) {
	c.begin()
	return c.file, c.ends
}

// Bounds are the sizes at which the file might have ended as well: behind its
// header, and behind each packet.
func (c *Classic) Bounds() []int {
	c.begin()
	return append([]int{FileHeader}, c.ends...)
}

func (c *Classic) begin() {
	if len(c.file) > 0 {
		return
	}
	const micro, nano, version, snapLen = 0xa1b2c3d4, 0xa1b23c4d, 2<<16 | 4, 262144
	magic := uint32(micro)
	if c.Nano {
		magic = nano
	}
	c.words(magic)
	c.file = c.order().AppendUint16(c.order().AppendUint16(c.file, version>>16), version&0xffff)
	c.words(0, 0, snapLen, uint32(c.Link))
}

func (c *Classic) words(all ...uint32) {
	for _, w := range all {
		c.file = c.order().AppendUint32(c.file, w)
	}
}

func (c *Classic) order() binary.AppendByteOrder { return orderOf(c.BigEndian) }

func orderOf(big bool) binary.AppendByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
