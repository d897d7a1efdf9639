package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture"
	"wirelab/labenv/labhost/capture/nstest"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

const nonce = 0x1122334455667788

// start captures at the target of a fresh network and returns the capture with
// that of the neighbour, which sends the marks.
func start(t testing.TB) (target, neighbour *capture.Capture) {
	t.Helper()
	p, lan := plan.Practice(), nstest.NewLAN(t)
	open := func(h plan.Host) *capture.Capture {
		c, err := capture.Start(lan.Host(t, h), nstest.Interface)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}
	return open(p.Target), open(p.Neighbour)
}

func targetMAC(t testing.TB) net.HardwareAddr {
	t.Helper()
	mac, err := net.ParseMAC(plan.Practice().Target.MAC)
	require.NoError(t, err)
	return mac
}

// synchronise has the neighbour mark what the target has recorded until now.
func synchronise(t testing.TB, target, neighbour *capture.Capture, nonce uint64) {
	t.Helper()
	n, err := neighbour.Mark(targetMAC(t), nonce)
	require.NoError(t, err)
	require.Positive(t, n)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, target.Await(ctx, nonce, n))
}

// record is one frame as a recording holds it.
type record struct {
	gopacket.CaptureInfo
	packet gopacket.Packet
}

func read(t *testing.T, pcapng []byte) []record {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(pcapng), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	var all []record
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, record{info, gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)})
	}
}

func snapshot(t *testing.T, c *capture.Capture) []byte {
	t.Helper()
	pcapng, complete, why, err := c.Snapshot()
	require.NoError(t, err)
	require.True(t, complete, why)
	return pcapng
}

func refused(t testing.TB, to netip.AddrPort) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", to.String(), 10*time.Second)
	if err == nil {
		_ = conn.Close()
	}
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// countTCP returns how many SYN the recording has as received and how many RST
// as sent, each source port counted once.
func countTCP(all []record) (syn, rst map[layers.TCPPort]int) {
	syn, rst = map[layers.TCPPort]int{}, map[layers.TCPPort]int{}
	for _, r := range all {
		tcp, ok := r.packet.TransportLayer().(*layers.TCP)
		switch {
		case ok && tcp.SYN && r.InterfaceIndex == 0:
			syn[tcp.SrcPort]++
		case ok && tcp.RST && r.InterfaceIndex == 1:
			rst[tcp.DstPort]++
		}
	}
	return syn, rst
}

// A handshake that is refused is one frame in and one frame out, IPv4 and IPv6.
func TestDirectionAndTime(t *testing.T) {
	for name, addr := range map[string]netip.Addr{"IPv4": plan.TargetAddr, "IPv6": plan.TargetAddr6} {
		t.Run(name, func(t *testing.T) {
			target, neighbour := start(t)
			before := time.Now()
			refused(t, netip.AddrPortFrom(addr, 7))
			synchronise(t, target, neighbour, nonce)
			all := read(t, snapshot(t, target))
			syn, rst := countTCP(all)
			assert.Len(t, syn, 1)
			assert.Equal(t, syn, rst)
			for _, r := range all {
				assert.WithinRange(t, r.Timestamp, before.Add(-10*time.Second), time.Now())
			}
		})
	}
}

// The recording is one that the reader of evidence takes.
func TestRecordingIsEvidence(t *testing.T) {
	target, neighbour := start(t)
	refused(t, netip.AddrPortFrom(plan.TargetAddr, 7))
	synchronise(t, target, neighbour, nonce)
	recording, err := wire.Read(snapshot(t, target), nonce)
	require.NoError(t, err)
	assert.NotEmpty(t, recording.Frames)
	_, err = wire.Read(snapshot(t, target), nonce+1)
	assert.ErrorIs(t, err, wire.ErrNotSynced)
}

// The ring takes over while frames come and go: each is recorded once, those
// before, during and after the handover alike.
func TestHandoverLosesAndDoublesNothing(t *testing.T) {
	const dials = 2000
	target, neighbour := start(t)
	for range dials {
		refused(t, netip.AddrPortFrom(plan.TargetAddr, 7))
	}
	synchronise(t, target, neighbour, nonce)
	syn, rst := countTCP(read(t, snapshot(t, target)))
	sum := func(m map[layers.TCPPort]int) (n int) {
		for _, k := range m {
			n += k
		}
		return n
	}
	assert.Equal(t, dials, sum(syn), "SYN")
	assert.Equal(t, dials, sum(rst), "RST")
}

// What was sent before the marks is there when they are: no poll, no patience.
func TestMarkFollowsWhatWasSentBefore(t *testing.T) {
	target, neighbour := start(t)
	conn, err := net.Dial("udp", netip.AddrPortFrom(plan.TargetAddr, 9).String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	var sent uint64
	for round := range uint64(50) {
		for range 40 {
			sent++
			// An ICMP error for an earlier datagram surfaces here: send again.
			if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, sent)); err != nil {
				_, err = conn.Write(binary.BigEndian.AppendUint64(nil, sent))
				require.NoError(t, err)
			}
		}
		synchronise(t, target, neighbour, nonce+round)
		seen := map[uint64]bool{}
		for _, r := range read(t, snapshot(t, target)) {
			if udp, ok := r.packet.TransportLayer().(*layers.UDP); ok && r.InterfaceIndex == 0 {
				seen[binary.BigEndian.Uint64(udp.Payload)] = true
			}
		}
		require.Len(t, seen, int(sent), "round %d", round)
	}
}

// The kernel keeps VLAN tags beside the frame; the recording has them in it.
func TestVLANTagIsKept(t *testing.T) {
	target, neighbour := start(t)
	frame := append(append(net.HardwareAddr{}, targetMAC(t)...), 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 42, 0x88, 0xb6)
	frame = append(frame, make([]byte, 46)...)
	refused(t, netip.AddrPortFrom(plan.TargetAddr, 7)) // the bridge knows the way now
	sendRaw(t, "lab0", frame)
	synchronise(t, target, neighbour, nonce)
	var ids []uint16
	for _, r := range read(t, snapshot(t, target)) {
		if tag, ok := r.packet.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); ok {
			ids = append(ids, tag.VLANIdentifier)
			assert.Equal(t, len(frame), r.Length)
		}
	}
	assert.Equal(t, []uint16{42}, ids)
}

func sendRaw(t *testing.T, ifname string, frame []byte) {
	t.Helper()
	iface, err := net.InterfaceByName(ifname)
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	require.NoError(t, unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: iface.Index}))
}

func TestAwaitHonoursItsContext(t *testing.T) {
	target, _ := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, target.Await(ctx, nonce, 1), context.Canceled)
}

func TestCloseEndsEverything(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	lan := nstest.NewLAN(t)
	c, err := capture.Start(lan.Host(t, plan.Practice().Target), nstest.Interface)
	require.NoError(t, err)
	waiting := make(chan error)
	go func() { waiting <- c.Await(context.Background(), nonce, 1) }()
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	assert.ErrorIs(t, <-waiting, capture.ErrClosed)
	_, _, _, err = c.Snapshot()
	assert.ErrorIs(t, err, capture.ErrClosed)
}

func TestStartRefusesAnInterfaceThatIsNotThere(t *testing.T) {
	_, err := capture.Start(netns.None(), "nowhere0")
	assert.ErrorIs(t, err, syscall.ENODEV)
}

// BenchmarkStart measures how long a lab waits for its capture.
func BenchmarkStart(b *testing.B) {
	ns := nstest.NewLAN(b).Host(b, plan.Practice().Target)
	for b.Loop() {
		c, err := capture.Start(ns, nstest.Interface)
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, c.Close())
		b.StartTimer()
	}
}

// BenchmarkSynchronise measures what every check pays for complete evidence.
func BenchmarkSynchronise(b *testing.B) {
	target, neighbour := start(b)
	var n uint64
	for b.Loop() {
		n++
		synchronise(b, target, neighbour, n)
	}
}
