package capture

import (
	"encoding/binary"
	"time"
)

// Recordings are written here and read by package wire, which has a writer of
// its own. That one stands on gopacket, whose tables take some milliseconds to
// set up and 0.5 MB, at the start of every program that it is linked into: too
// much of the 10 ms that a whole lab may take. So a host writes its few kinds of
// block by itself, and a test holds them equal to package wire's, to the byte.
//
// The format is that of draft-ietf-opsawg-pcapng, in little-endian order.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6

	optionEnd        = 0
	optionName       = 2 // of an interface
	optionProgram    = 4 // of a section
	optionResolution = 9 // of an interface's times, as a negative power of ten

	linkEthernet = 1
)

// Interfaces of a recording.
const (
	interfaceReceived = 0
	interfaceSent     = 1
)

// appendHead appends what a recording begins with: one section, two interfaces.
func appendHead(b []byte) []byte {
	const byteOrder, major, minor, unknownLength = 0x1a2b3c4d, 1, 0, ^uint64(0)
	section := binary.LittleEndian.AppendUint32(nil, byteOrder)
	section = binary.LittleEndian.AppendUint16(section, major)
	section = binary.LittleEndian.AppendUint16(section, minor)
	section = binary.LittleEndian.AppendUint64(section, unknownLength)
	section = appendOption(section, optionProgram, []byte("wirelab"))
	section = appendOption(section, optionEnd, nil)
	b = appendBlock(b, blockSection, section)
	for _, name := range []string{"received", "sent"} {
		const nanoseconds, noLimit = 9, 0
		description := binary.LittleEndian.AppendUint32(nil, linkEthernet)
		description = binary.LittleEndian.AppendUint32(description, noLimit)
		description = appendOption(description, optionName, []byte(name))
		description = appendOption(description, optionResolution, []byte{nanoseconds})
		description = appendOption(description, optionEnd, nil)
		b = appendBlock(b, blockInterface, description)
	}
	return b
}

func appendOption(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value))) //nolint:gosec // a few bytes
	return appendPadded(b, value)
}

// appendPadded appends data and fills up to a multiple of four bytes.
func appendPadded(b, data []byte) []byte {
	b = append(b, data...)
	return append(b, make([]byte, -len(data)&3)...)
}

// appendBlock appends a block with the body, which has its padding already.
func appendBlock(b []byte, kind uint32, body []byte) []byte {
	const overhead = 12
	size := uint32(len(body)) + overhead //nolint:gosec // a few bytes
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, size)
}

// packetOverhead is what a packet block adds to its frame and the padding.
const packetOverhead = 32

// packetSize is how much appendPacket appends for a frame of n bytes.
func packetSize(n int) int { return packetOverhead + n + -n&3 }

// appendPacket appends a frame, of whose length bytes data holds the first.
func appendPacket(b []byte, t time.Time, iface uint32, data []byte, length int) []byte {
	size := uint32(packetSize(len(data))) //nolint:gosec // frames end at 64 KiB
	ns := uint64(t.UnixNano())
	b = binary.LittleEndian.AppendUint32(b, blockPacket)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, iface)
	b = binary.LittleEndian.AppendUint32(b, uint32(ns>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(ns))        //nolint:gosec // its lower half
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data))) //nolint:gosec // frames end at 64 KiB
	b = binary.LittleEndian.AppendUint32(b, uint32(length))    //nolint:gosec // likewise
	b = appendPadded(b, data)
	return binary.LittleEndian.AppendUint32(b, size)
}
