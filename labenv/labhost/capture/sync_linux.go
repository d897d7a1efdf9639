package capture

import (
	"bytes"
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// Synchronisation frames are described in package wire, which cannot be used
// here (see pcapng_linux.go); a test holds these equal to its.
const (
	syncEtherType = 0x88B5
	syncMagic     = "wirelab sync\x00"
	macSize       = 6
	etherHeader   = 2*macSize + 2
	minimalFrame  = 60
)

// syncFrame returns the synchronisation frame with the nonce.
func syncFrame(src, dst net.HardwareAddr, nonce uint64) []byte {
	frame := make([]byte, 0, minimalFrame)
	frame = append(append(frame, dst...), src...)
	frame = binary.BigEndian.AppendUint16(frame, syncEtherType)
	frame = append(frame, syncMagic...)
	frame = binary.BigEndian.AppendUint64(frame, nonce)
	return append(frame, make([]byte, max(0, minimalFrame-len(frame)))...)
}

// syncNonce returns the nonce of a synchronisation frame sent to this host.
func syncNonce(f frame) (nonce uint64, ok bool) {
	if f.kind != unix.PACKET_HOST || len(f.data) < etherHeader || binary.BigEndian.Uint16(f.data[2*macSize:]) != syncEtherType {
		return 0, false
	}
	rest, ok := bytes.CutPrefix(f.data[etherHeader:], []byte(syncMagic))
	if !ok || len(rest) < 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(rest), true
}
