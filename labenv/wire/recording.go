package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
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
	info := gopacket.CaptureInfo{Timestamp: t, CaptureLength: len(data), Length: length, InterfaceIndex: receivedIndex}
	if sent {
		info.InterfaceIndex = sentIndex
	}
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
	length int    // on the wire
	data   []byte // valid until the next packet is read
}

// packets calls each with every packet of an intact recording, in order.
func packets(pcapng []byte, each func(packet)) error {
	r, err := pcapgo.NewNgReader(bytes.NewReader(pcapng), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for {
		data, info, err := r.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		each(packet{time: info.Timestamp, sent: info.InterfaceIndex == sentIndex, length: info.Length, data: data})
	}
}

// intact counts the packets of a recording, and refuses one that Writer cannot
// have written whole. It comes before pcapgo's reader, which takes a cut in
// mid-block for the end of the file, allocates whatever size a block claims,
// and divides by a resolution that an interface may set to nothing.
func intact(pcapng []byte) (n int, err error) {
	head, err := header()
	if err != nil {
		return 0, err
	}
	rest, ok := bytes.CutPrefix(pcapng, head)
	if !ok {
		return 0, fmt.Errorf("%w: it does not begin with the two interfaces of a recording", ErrMalformed)
	}
	for ; len(rest) > 0; n++ {
		size, ok := packetBlock(rest)
		if !ok {
			return 0, fmt.Errorf("%w: frame %d is cut short or damaged", ErrMalformed, n+1)
		}
		rest = rest[size:]
	}
	return n, nil
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
	captured := binary.LittleEndian.Uint32(b[20:])
	again := binary.LittleEndian.Uint32(b[total-4:])
	return int(total), captured <= total-overhead && again == total
}

// Packets returns the packets of a recording as gopacket decodes them, without
// its synchronisation frames. Whether the host received or sent a packet is
// its Metadata().InterfaceIndex: 0 or 1. Errors are Read's.
func Packets(pcapng []byte, nonce uint64) ([]gopacket.Packet, error) {
	if _, err := Read(pcapng, nonce); err != nil {
		return nil, err
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(pcapng), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var all []gopacket.Packet
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if _, sync := syncNonce(data); sync {
			continue
		}
		p := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.Default)
		p.Metadata().CaptureInfo = info
		all = append(all, p)
	}
}

// Strip returns a recording without the frames that drop picks: those that the
// host sent, those that it received, or both. Synchronisation frames stay. Errors
// match ErrMalformed.
func Strip(pcapng []byte, drop func(sent bool) bool) ([]byte, error) {
	if _, err := intact(pcapng); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		return nil, err
	}
	var failed error
	err = packets(pcapng, func(p packet) {
		if _, sync := syncNonce(p.data); failed == nil && (sync || !drop(p.sent)) {
			failed = w.WriteFrame(p.time, p.sent, p.data, p.length)
		}
	})
	if err := errors.Join(err, failed, w.Flush()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
