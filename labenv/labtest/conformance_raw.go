package labtest

import (
	"encoding/binary"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// Numbers of Linux socket families, types and protocols (socket(2)).
const (
	afUnix, afInet, afInet6, afNetlink, afPacket = 1, 2, 10, 16, 17
	sockStream, sockDatagram, sockRaw            = 1, 2, 3
	protoICMP, protoICMPv6                       = 1, 58
)

func netRaw(p *labenv.Program) { p.NetRaw = true }

// A program with NetRaw has raw and packet sockets in the seat's network
// (capabilities(7), CAP_NET_RAW): its pings are answered (RFC 792), and the
// frames that it makes up arrive.
func (s suite) rawGranted(t *testing.T) {
	b, prog := s.alone(t, netRaw)
	for family, protocol := range map[int]int{afInet: protoICMP, afInet6: protoICMPv6, afPacket: 0, afNetlink: 0} {
		r := prog.do(t, orders.Request{Do: orders.Socket, Family: family, Type: sockRaw, Number: protocol})
		assert.Empty(t, r.Err, "family %d", family)
	}
	ping := []byte{8, 0, 0, 0, 0x77, 0x77, 0, 1}
	binary.BigEndian.PutUint16(ping[2:], ^(uint16(8<<8) + 0x7777 + 1))
	r := prog.do(t, orders.Request{Do: orders.Ping, To: []string{b.Plan().Target.Addr.String()}, Data: ping, Timeout: patience})
	require.Empty(t, r.Err)
	require.Len(t, r.Data, len(ping))
	assert.Zero(t, r.Data[0], "an echo reply has type 0")

	const etherType = 0x88B6 // local experimental EtherType 2 (IEEE Std 802, section 9.2.4)
	require.Empty(t, prog.do(t, orders.Request{Do: orders.Frame, Data: frame(t, b.Plan(), etherType)}).Err)
	trace, _ := b.traces(t)
	arrived := slices.ContainsFunc(trace.Received(), func(f wire.Frame) bool { return f.EtherType == etherType })
	assert.True(t, arrived, "the frame at the target")
}

// frame is an empty frame from the seat to the target.
func frame(t *testing.T, p plan.Plan, etherType uint16) []byte {
	t.Helper()
	var frame []byte
	for _, h := range []plan.Host{p.Target, p.Seat} {
		mac, err := net.ParseMAC(h.MAC)
		require.NoError(t, err)
		frame = append(frame, mac...)
	}
	frame = binary.BigEndian.AppendUint16(frame, etherType)
	return append(frame, make([]byte, 46)...)
}

// A program without NetRaw has none, is told so with EPERM (socket(2)), and its
// Exit names what it tried. Plain sockets it has.
func (s suite) rawRefused(t *testing.T) {
	_, prog := s.alone(t, nil)
	socket := func(family, typ int) string {
		return prog.do(t, orders.Request{Do: orders.Socket, Family: family, Type: typ}).Err
	}
	for _, family := range []int{afInet, afInet6} {
		assert.Empty(t, socket(family, sockStream))
		assert.Empty(t, socket(family, sockDatagram))
	}
	for _, c := range []struct{ family, typ int }{
		{afPacket, sockRaw}, {afInet, sockRaw}, {afInet6, sockRaw}, {afUnix, sockStream}, {afNetlink, sockRaw}, {afPacket, sockDatagram},
	} {
		assert.Equal(t, "EPERM", socket(c.family, c.typ), "%+v", c)
	}
	prog.order(t, orders.Request{Do: orders.Exit, Number: 5})
	assert.Equal(t, labenv.Exit{Code: 5, Refused: []string{
		"socket(AF_PACKET)", "socket(AF_INET, raw)", "socket(AF_INET6, raw)", "socket(AF_UNIX)", "socket(AF_NETLINK)",
	}}, prog.wait(t))
}
