package wire

import (
	"encoding/binary"
	"net/netip"
)

// damaged tells whether a whole TCP segment's checksum is wrong (RFC 9293,
// section 3.1; RFC 8200, section 8.1). A kernel that leaves the sum to its
// network card stores that of the addresses alone, and a virtual card never
// finishes it: such a segment is sound.
func damaged(src, dst netip.Addr, segment []byte) bool {
	const checksumAt = 16
	pseudo := sum(ProtoTCP+uint32(len(segment)), src.AsSlice(), dst.AsSlice())    //nolint:gosec // a segment is shorter than 64 KiB
	unfinished := binary.BigEndian.Uint16(segment[checksumAt:]) == uint16(pseudo) //nolint:gosec // folded
	return sum(pseudo, segment) != 0xffff && !unfinished
}

// sum adds the 16-bit words of all parts to an Internet checksum (RFC 1071).
func sum(start uint32, parts ...[]byte) uint32 {
	total := start
	for _, b := range parts {
		for ; len(b) > 1; b = b[2:] {
			total += uint32(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			total += uint32(b[0]) << 8
		}
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return total
}
