package capture

import "encoding/binary"

// insertTag puts a VLAN tag (IEEE 802.1Q) back in its place behind the
// addresses. The kernel keeps tags beside the frame, not in it.
func (f *frame) insertTag(tpid, tci uint16) {
	const addresses = 12
	if len(f.data) < addresses {
		return
	}
	tagged := make([]byte, 0, len(f.data)+4)
	tagged = append(tagged, f.data[:addresses]...)
	tagged = binary.BigEndian.AppendUint16(tagged, tpid)
	tagged = binary.BigEndian.AppendUint16(tagged, tci)
	f.data = append(tagged, f.data[addresses:]...)
	f.length += 4
}
