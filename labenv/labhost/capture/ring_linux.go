package capture

import (
	"fmt"
	"iter"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The shape of the ring. A block goes to the reader when it is full or 1 ms
// old, so that a lone frame takes up a whole block: there are many, and they
// are small. Frames longer than maxKept are cut: an Ethernet frame is not, but
// large transfers have the kernel hand over many segments as one.
const (
	maxKept    = 2 << 10
	blockSize  = 32 << 10
	blockCount = 256
	retireMS   = 1
	// slotSize must divide blockSize; version 3 uses it for nothing else.
	slotSize = 2 << 10
)

// ring is a packet socket whose frames the kernel writes into shared memory.
type ring struct {
	socket *socket
	memory []byte
	next   int // the block that the kernel hands over next
}

// newRing opens the socket of a ring in the caller's network namespace.
func newRing() (*ring, error) {
	s, err := newSocket("capture-ring")
	if err != nil {
		return nil, err
	}
	return &ring{socket: s}, nil
}

// allocate makes the ring. It takes the kernel some 8 ms.
func (r *ring) allocate() error {
	return r.socket.control(func(fd int) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
			return fmt.Errorf("TPACKET_V3: %w", err)
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
			return fmt.Errorf("SO_TIMESTAMPNS: %w", err)
		}
		err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
			Block_size:     blockSize,
			Block_nr:       blockCount,
			Frame_size:     slotSize,
			Frame_nr:       blockCount * (blockSize / slotSize),
			Retire_blk_tov: retireMS,
		})
		if err != nil {
			return fmt.Errorf("PACKET_RX_RING: %w", err)
		}
		r.memory, err = unix.Mmap(fd, 0, blockSize*blockCount, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("mmap the ring: %w", err)
		}
		return nil
	})
}

// receive hands over the frames of each block until the socket is closed.
func (r *ring) receive(block func(iter.Seq[frame])) error {
	return r.socket.raw.Read(func(uintptr) bool {
		for r.ready() {
			block(r.frames)
			r.release()
		}
		return false
	})
}

// block returns the memory of the block that comes next.
func (r *ring) block() []byte {
	return r.memory[r.next*blockSize:][:blockSize]
}

// header returns the header of the block that comes next, which follows the
// version and the offset of private data (struct tpacket_block_desc).
func (r *ring) header() *unix.TpacketHdrV1 {
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&r.block()[unsafe.Offsetof(unix.TpacketBlockDesc{}.Hdr)]))
}

// ready tells whether the kernel has handed the next block over. The load is
// atomic: nothing else orders what the kernel wrote before it.
func (r *ring) ready() bool {
	return atomic.LoadUint32(&r.header().Block_status)&unix.TP_STATUS_USER != 0
}

// release gives the block back to the kernel.
func (r *ring) release() {
	atomic.StoreUint32(&r.header().Block_status, unix.TP_STATUS_KERNEL)
	r.next = (r.next + 1) % blockCount
}

// frames yields the frames of the next block. What the header claims is
// checked against the block's bounds, since only bounds make unsafe safe.
func (r *ring) frames(yield func(frame) bool) {
	block, header := r.block(), r.header()
	at := int(header.Offset_to_first_pkt)
	for range header.Num_pkts {
		if at < 0 || at+unix.SizeofTpacket3Hdr+unix.SizeofSockaddrLinklayer > len(block) {
			return
		}
		packet := block[at:]
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&packet[0]))
		begin, end := int(h.Mac), int(h.Mac)+int(h.Snaplen)
		if end > len(packet) || !yield(decode(h, packet, packet[begin:end])) {
			return
		}
		at += int(h.Next_offset)
	}
}

// decode turns a frame of the ring into one that can be recorded.
func decode(h *unix.Tpacket3Hdr, packet, data []byte) frame {
	link := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&packet[unix.SizeofTpacket3Hdr]))
	f := frame{
		time:   time.Unix(int64(h.Sec), int64(h.Nsec)),
		kind:   link.Pkttype,
		data:   data,
		length: int(h.Len),
	}
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		f.insertTag(h.Hv1.Vlan_tpid, uint16(h.Hv1.Vlan_tci)) //nolint:gosec // 16 bits in a wider field
	}
	return f
}

func (r *ring) close() error {
	if r == nil {
		return nil
	}
	return r.socket.close()
}

// unmap frees the memory, once nobody reads it any more.
func (r *ring) unmap() error {
	if r.memory == nil {
		return nil
	}
	defer func() { r.memory = nil }()
	return unix.Munmap(r.memory)
}
