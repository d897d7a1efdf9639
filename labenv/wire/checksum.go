package wire

import (
	"encoding/binary"
	"net/netip"

	"wirelab/labenv/wire/inet"
)

// damaged tells whether a whole TCP segment's checksum is wrong (RFC 9293,
// section 3.1; RFC 8200, section 8.1). A kernel that leaves the sum to its
// network card stores that of the addresses alone, and a virtual card never
// finishes it: such a segment is sound.
func damaged(src, dst netip.Addr, segment []byte) bool {
	const checksumAt = 16
	pseudo := inet.Pseudo(src, dst, ProtoTCP, len(segment))
	unfinished := binary.BigEndian.Uint16(segment[checksumAt:]) == uint16(pseudo) //nolint:gosec // folded
	return inet.Sum(pseudo, segment) != 0xffff && !unfinished
}
