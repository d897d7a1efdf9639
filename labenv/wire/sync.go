package wire

import (
	"bytes"
	"encoding/binary"
	"net"
)

// SyncEtherType is the EtherType of synchronisation frames: local experimental
// EtherType 1 (IEEE Std 802, section 9.2.4).
const SyncEtherType = 0x88B5

// SyncMagic begins the payload of a synchronisation frame. The nonce follows,
// eight bytes big-endian.
const SyncMagic = "wirelab sync\x00"

// Sizes in an Ethernet frame without its check sequence, in bytes.
const (
	macSize      = 6
	etherHeader  = 2*macSize + 2
	minimalFrame = 60
)

// SyncFrame returns the synchronisation frame with the nonce, from src to dst,
// padded to the least size of an Ethernet frame (60 bytes without the check
// sequence). An address of another length than six bytes is cut, or filled up
// with zeros.
func SyncFrame(src, dst net.HardwareAddr, nonce uint64) []byte {
	frame := make([]byte, minimalFrame)
	copy(frame[:macSize], dst)
	copy(frame[macSize:2*macSize], src)
	binary.BigEndian.PutUint16(frame[2*macSize:], SyncEtherType)
	n := copy(frame[etherHeader:], SyncMagic)
	binary.BigEndian.PutUint64(frame[etherHeader+n:], nonce)
	return frame
}

// syncNonce returns the nonce of a synchronisation frame; ok is false for any
// other frame, those that merely borrow the EtherType included.
func syncNonce(frame []byte) (nonce uint64, ok bool) {
	if len(frame) < etherHeader || binary.BigEndian.Uint16(frame[2*macSize:]) != SyncEtherType {
		return 0, false
	}
	rest, ok := bytes.CutPrefix(frame[etherHeader:], []byte(SyncMagic))
	if !ok || len(rest) < 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(rest), true
}
