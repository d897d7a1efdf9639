package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a packet socket (packet(7)) that receives nothing until
// captureFrom. It is waited on through Go's poller.
type socket struct {
	file    *os.File
	raw     syscall.RawConn
	ifindex int
	mac     net.HardwareAddr // of the interface captured from
	buffer  []byte           // of receive and drain

	mu    sync.Mutex
	drops uint64 // up to the last look: the kernel starts anew after each
	ended bool   // closed: drops is final
}

// maxFrame is the largest frame that a socket records whole: segmentation is
// left to network cards, so between namespaces frames reach 64 KiB.
const maxFrame = 1 << 16

// newSocket opens a packet socket in the caller's network namespace.
func newSocket(name string) (*socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socket(AF_PACKET): %w", err)
	}
	s := &socket{file: os.NewFile(uintptr(fd), name)}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket: %w", err), s.file.Close())
	}
	return s, nil
}

// control calls f with the descriptor, which stays open meanwhile.
func (s *socket) control(f func(fd int) error) error {
	var err error
	if closed := s.raw.Control(func(fd uintptr) { err = f(int(fd)) }); closed != nil {
		return closed
	}
	return err
}

// captureFrom makes the socket receive all frames of the interface, as the
// first member of a new fan-out group.
func (s *socket) captureFrom(ifname string) error {
	return s.control(func(fd int) error {
		req, err := unix.NewIfreq(ifname)
		if err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
			return fmt.Errorf("interface index: %w", err)
		}
		s.ifindex = int(req.Uint32())
		// Room for as many frames as an ordinary user may ask for.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20); err != nil {
			return fmt.Errorf("SO_RCVBUF: %w", err)
		}
		if err := prepareReceive(fd); err != nil {
			return err
		}
		if err := bind(fd, s.ifindex); err != nil {
			return err
		}
		if s.mac, err = hardwareAddr(fd); err != nil {
			return err
		}
		return newGroup(fd)
	})
}

// prepareReceive asks for what a frame comes with: its time, and the VLAN tag
// that the kernel takes out of it.
func prepareReceive(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("SO_TIMESTAMPNS: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return fmt.Errorf("PACKET_AUXDATA: %w", err)
	}
	return nil
}

func bind(fd, ifindex int) error {
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: allProtocols, Ifindex: ifindex}); err != nil {
		return fmt.Errorf("bind to the interface: %w", err)
	}
	return nil
}

// allProtocols is ETH_P_ALL in network byte order.
var allProtocols = func() uint16 {
	var p uint16
	b := (*[2]byte)(unsafe.Pointer(&p))
	b[0], b[1] = unix.ETH_P_ALL>>8, unix.ETH_P_ALL&0xff
	return p
}()

func hardwareAddr(fd int) (net.HardwareAddr, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, fmt.Errorf("address of the interface: %w", err)
	}
	link, ok := name.(*unix.SockaddrLinklayer)
	if !ok || int(link.Halen) != 6 {
		return nil, fmt.Errorf("address of the interface: not an Ethernet address: %v", name)
	}
	return append(net.HardwareAddr(nil), link.Addr[:link.Halen]...), nil
}

// send sends a frame, which begins with its Ethernet header, without delay.
func (s *socket) send(frame []byte, ifindex int) error {
	return s.control(func(fd int) error {
		return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifindex})
	})
}

// receive calls each with every frame until an error: os.ErrClosed after
// close, os.ErrDeadlineExceeded after interrupt. It must not run twice at once.
func (s *socket) receive(each func(frame)) error {
	for {
		var taken error
		err := s.raw.Read(func(fd uintptr) bool {
			taken = s.takeAll(int(fd), each)
			return !errors.Is(taken, unix.EAGAIN)
		})
		if err != nil {
			return err
		}
		if taken != nil {
			return fmt.Errorf("capture: %w", taken)
		}
	}
}

// drain calls each with the frames that wait, after receive was interrupted.
func (s *socket) drain(each func(frame)) error {
	return s.control(func(fd int) error {
		if err := s.takeAll(fd, each); !errors.Is(err, unix.EAGAIN) {
			return fmt.Errorf("capture: %w", err)
		}
		return nil
	})
}

// interrupt makes receive return.
func (s *socket) interrupt() { _ = s.file.SetReadDeadline(time.Unix(1, 0)) }

// takeAll receives until an error, EAGAIN where no frame waits.
func (s *socket) takeAll(fd int, each func(frame)) error {
	if s.buffer == nil {
		s.buffer = make([]byte, maxFrame)
	}
	var control [256]byte
	for {
		n, oobn, _, from, err := unix.Recvmsg(fd, s.buffer, control[:], unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		switch err {
		case nil:
		case unix.EINTR, unix.ENETDOWN: // the link went down; it may come back
			continue
		default:
			return err
		}
		f := frame{time: time.Now(), length: n}
		if link, ok := from.(*unix.SockaddrLinklayer); ok {
			f.kind = link.Pkttype
		}
		f.data = s.buffer[:min(n, maxFrame)]
		f.readControl(control[:oobn])
		each(f)
	}
}

// readControl takes a frame's time and VLAN tag from the control messages that
// came with it.
func (f *frame) readControl(control []byte) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})):
			ts := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			f.time = time.Unix(ts.Unix())
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})):
			aux := (*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0]))
			if aux.Status&unix.TP_STATUS_VLAN_VALID != 0 {
				f.insertTag(aux.Vlan_tpid, aux.Vlan_tci)
			}
		}
	}
}

// dropped returns how many frames the kernel had no room for.
func (s *socket) dropped() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return s.drops, nil
	}
	err := s.control(func(fd int) error {
		stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err == nil {
			s.drops += uint64(stats.Drops)
		}
		return err
	})
	return s.drops, err
}

// close closes the socket; its last count of drops stays. Closing twice, or
// what was never opened, is no error.
func (s *socket) close() error {
	if s == nil {
		return nil
	}
	_, err := s.dropped()
	s.mu.Lock()
	ended := s.ended
	s.ended = true
	s.mu.Unlock()
	if ended {
		return nil
	}
	return errors.Join(err, s.file.Close())
}
