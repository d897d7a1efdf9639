package trace

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// frame is one captured frame.
type frame struct {
	time   time.Time
	link   uint16 // its link type
	data   []byte // what was captured of it
	length int    // its size on the wire, in bytes
}

// largest is the size of a frame, or of a pcapng block, that is believed: a
// file may claim 4 GiB in four bytes. It is what libpcap allows for blocks.
const largest = 16 << 20

// frames calls each with every frame of a capture, in order. A frame's data is
// its own.
func frames(r io.Reader, each func(frame)) error {
	b := bufio.NewReader(r)
	magic, err := b.Peek(4)
	if err != nil {
		return fmt.Errorf("trace: there is no capture: %w", cut(err))
	}
	if binary.BigEndian.Uint32(magic) == sectionBlock {
		err = (&ng{r: b}).read(each)
	} else {
		err = readPcap(b, each)
	}
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	return nil
}

// cut is the error of a file that ends where there has to be more.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readPcap reads a classic pcap file (draft-ietf-opsawg-pcap).
func readPcap(r io.Reader, each func(frame)) error {
	var head [24]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("the file's header: %w", cut(err))
	}
	order, unit, err := pcapMagic(head[:])
	if err != nil {
		return err
	}
	link := uint16(order.Uint32(head[20:])) // what is above says how long the frame check sequence is
	for {
		var head [16]byte
		if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("a packet's header: %w", err)
		}
		seconds, fraction := order.Uint32(head[:]), order.Uint32(head[4:])
		size, length := order.Uint32(head[8:]), order.Uint32(head[12:])
		if size > largest {
			return fmt.Errorf("a packet claims %d captured bytes", size)
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("a packet: %w", cut(err))
		}
		each(frame{
			time: time.Unix(int64(seconds), int64(fraction)*int64(unit)),
			link: link, data: data, length: int(length),
		})
	}
}

// pcapMagic tells a file's byte order, and the unit of its fractions of seconds.
func pcapMagic(head []byte) (binary.ByteOrder, time.Duration, error) {
	const micro, nano = 0xa1b2c3d4, 0xa1b23c4d
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case micro:
			return order, time.Microsecond, nil
		case nano:
			return order, time.Nanosecond, nil
		}
	}
	return nil, 0, fmt.Errorf("no capture begins with % x", head[:4])
}
