// Package inet computes Internet checksums (RFC 1071), for those who build
// packets and for those who judge them.
package inet

import (
	"encoding/binary"
	"net/netip"
)

// Sum adds the 16-bit words of all parts, of which all but the last have an
// even number of bytes, to start, and folds the carries. A packet whose
// checksum is right sums up to 0xffff.
func Sum(start uint32, parts ...[]byte) uint32 {
	total := uint64(start)
	for _, b := range parts {
		// Two words at once: carries are folded at the end (RFC 1071, section 2).
		for ; len(b) > 3; b = b[4:] {
			total += uint64(binary.BigEndian.Uint32(b))
		}
		if len(b) > 1 {
			total += uint64(binary.BigEndian.Uint16(b))
			b = b[2:]
		}
		if len(b) == 1 {
			total += uint64(b[0]) << 8
		}
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint32(total)
}

// Checksum is what a header's checksum field has to be, if it is 0 in parts.
func Checksum(start uint32, parts ...[]byte) uint16 { return ^uint16(Sum(start, parts...)) } //nolint:gosec // folded

// Pseudo is the sum of the pseudo header that TCP, UDP and ICMPv6 cover besides
// (RFC 9293, section 3.1; RFC 8200, section 8.1), for length bytes of them.
func Pseudo(src, dst netip.Addr, protocol uint8, length int) uint32 {
	start := uint32(protocol) + uint32(length) //nolint:gosec // a packet is shorter than 64 KiB
	a, b := src.As16(), dst.As16()             // AsSlice would allocate
	if src.Is4() {
		const mapped = 12 // bytes before an IPv4 address
		return Sum(start, a[mapped:], b[mapped:])
	}
	return Sum(start, a[:], b[:])
}
