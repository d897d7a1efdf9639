package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// The interfaces of a recording, by their index.
const (
	receivedIndex = 0
	sentIndex     = 1
)

// Writer writes recordings: pcapng files with one section, the interfaces
// "received" and "sent", and times in nanoseconds. Its methods must not be
// called from several goroutines at once.
type Writer struct {
	ng *pcapgo.NgWriter
}

// NewWriter returns a Writer to w and writes the head of the recording. What
// is written is buffered: see Flush.
func NewWriter(w io.Writer) (*Writer, error) {
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "wirelab"}}
	received := pcapgo.NgInterface{Name: "received", LinkType: layers.LinkTypeEthernet}
	sent := pcapgo.NgInterface{Name: "sent", LinkType: layers.LinkTypeEthernet}
	ng, err := pcapgo.NewNgWriterInterface(w, received, options)
	if err != nil {
		return nil, fmt.Errorf("begin the recording: %w", err)
	}
	if _, err := ng.AddInterface(sent); err != nil {
		return nil, fmt.Errorf("begin the recording: %w", err)
	}
	return &Writer{ng: ng}, nil
}

// WriteFrame adds a frame, beginning with its Ethernet header. t lies between
// 1970 and 2262; sent tells whether the host sent the frame; length is its
// size on the wire, which exceeds len(data) where the capture cut it.
func (w *Writer) WriteFrame(t time.Time, sent bool, data []byte, length int) error {
	info := gopacket.CaptureInfo{Timestamp: t, CaptureLength: len(data), Length: length, InterfaceIndex: direction(sent)}
	if err := w.ng.WritePacket(info, data); err != nil {
		return fmt.Errorf("record a frame: %w", err)
	}
	return nil
}

// Flush hands everything written so far to the underlying writer.
func (w *Writer) Flush() error {
	if err := w.ng.Flush(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// packet is one captured frame, not yet decoded.
type packet struct {
	time   time.Time
	sent   bool
	length int // on the wire
	data   []byte
}

// recording is a recording that is intact: where its packets' blocks begin.
type recording struct {
	bytes  []byte
	blocks []int
}

// packet returns packet i, counted from 0. Its data is a part of the recording.
func (r recording) packet(i int) packet {
	const data = 28 // behind type, size, interface, two halves of a time, and two lengths
	b := r.bytes[r.blocks[i]:]
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	ticks := uint64(word(12))<<32 | uint64(word(16))
	return packet{
		time:   time.Unix(int64(ticks/uint64(time.Second)), int64(ticks%uint64(time.Second))).UTC(), //nolint:gosec // below 2^35, and below a second
		sent:   word(8) == sentIndex,
		length: int(word(24)),
		data:   b[data : data+int(word(20))],
	}
}

// intact finds the packets of a recording, and refuses one that Writer cannot
// have written whole. A reader of any pcapng would believe more: pcapgo's takes a
// cut in mid-block for the end of the file, allocates whatever size a block
// claims, and divides by a resolution that an interface may set to nothing.
func intact(pcapng []byte) (recording, error) {
	head, err := header()
	if err != nil {
		return recording{}, err
	}
	if !bytes.HasPrefix(pcapng, head) {
		return recording{}, fmt.Errorf("%w: it does not begin with the two interfaces of a recording", ErrMalformed)
	}
	const usual = 100 // bytes of a block
	r := recording{bytes: pcapng, blocks: make([]int, 0, len(pcapng)/usual)}
	for at := len(head); at < len(pcapng); {
		size, ok := packetBlock(pcapng[at:])
		if !ok {
			return recording{}, fmt.Errorf("%w: frame %d is cut short or damaged", ErrMalformed, len(r.blocks)+1)
		}
		r.blocks = append(r.blocks, at)
		at += size
	}
	return r, nil
}

// header returns what every recording begins with.
func header() ([]byte, error) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// packetBlock returns the size of the enhanced packet block that b begins with
// (draft-ietf-opsawg-pcapng, section 4.3); ok is false where there is none, or
// not a whole one.
func packetBlock(b []byte) (size int, ok bool) {
	const blockType, overhead = 6, 32
	if len(b) < overhead || binary.LittleEndian.Uint32(b) != blockType {
		return 0, false
	}
	total := binary.LittleEndian.Uint32(b[4:])
	if total < overhead || total%4 != 0 || uint64(total) > uint64(len(b)) {
		return 0, false
	}
	number, captured := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[20:])
	again := binary.LittleEndian.Uint32(b[total-4:])
	return int(total), number <= sentIndex && captured <= total-overhead && again == total
}

// Packets returns the packets of a recording as gopacket decodes them, without
// its synchronisation frames. Whether the host received or sent a packet is
// its Metadata().InterfaceIndex: 0 or 1. Errors are Read's.
func Packets(pcapng []byte, nonce uint64) ([]gopacket.Packet, error) {
	if _, err := Read(pcapng, nonce); err != nil {
		return nil, err
	}
	r, err := intact(pcapng)
	if err != nil {
		return nil, err
	}
	var all []gopacket.Packet
	for i := range r.blocks {
		raw := r.packet(i)
		if _, sync := syncNonce(raw.data); sync {
			continue
		}
		p := gopacket.NewPacket(raw.data, layers.LinkTypeEthernet, gopacket.Default)
		p.Metadata().CaptureInfo = gopacket.CaptureInfo{
			Timestamp: raw.time, CaptureLength: len(raw.data), Length: raw.length, InterfaceIndex: direction(raw.sent),
		}
		all = append(all, p)
	}
	return all, nil
}

func direction(sent bool) int {
	if sent {
		return sentIndex
	}
	return receivedIndex
}

// Strip returns a recording without the frames that drop picks: those that the
// host sent, those that it received, or both. Synchronisation frames stay. Errors
// match ErrMalformed.
func Strip(pcapng []byte, drop func(sent bool) bool) ([]byte, error) {
	r, err := intact(pcapng)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		return nil, err
	}
	for i := range r.blocks {
		p := r.packet(i)
		if _, sync := syncNonce(p.data); !sync && drop(p.sent) {
			continue
		}
		if err := w.WriteFrame(p.time, p.sent, p.data, p.length); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
