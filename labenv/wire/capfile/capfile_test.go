package capfile_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/wire/capfile"
)

// The packets of a file come out as they were put in. That tshark reads what
// only wirelab's own checks build, package checks holds.

var (
	when = time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)
	syn  = capfile.Segment{
		Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.MustParseAddrPort("10.0.0.2:80"),
		Flags: capfile.SYN | capfile.ECE, Seq: 7, Ack: 8, Options: []byte{2, 4, 5, 0xb4}, Payload: []byte("hey"),
	}
)

func frame() []byte {
	h := capfile.Header{Src: syn.Src.Addr(), Dst: syn.Dst.Addr(), TTL: 61, Protocol: capfile.TCP}
	return capfile.Framed(capfile.Ethernet, h.Packet(syn.Bytes()), false)
}

func TestClassic(t *testing.T) {
	for _, c := range []capfile.Classic{{}, {BigEndian: true}, {Nano: true}, {BigEndian: true, Nano: true}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			c.Link = capfile.Ethernet
			c.Add(capfile.Packet{Time: when, Data: frame(), Length: 1000})
			file, ends := c.Bytes()
			assert.Equal(t, []int{len(file)}, ends)
			assert.Equal(t, []int{capfile.FileHeader, len(file)}, c.Bounds())
			r, err := pcapgo.NewReader(bytes.NewReader(file))
			require.NoError(t, err)
			assert.Equal(t, layers.LinkTypeEthernet, r.LinkType())
			data, info, err := r.ReadPacketData()
			require.NoError(t, err)
			assert.Equal(t, frame(), data)
			assert.Equal(t, 1000, info.Length)
			assert.True(t, when.Equal(info.Timestamp), info.Timestamp)
		})
	}
}

func TestNG(t *testing.T) {
	for _, big := range []bool{false, true} {
		t.Run(strconv.FormatBool(big), func(t *testing.T) {
			var n capfile.NG
			n.Section(big, capfile.Option{Code: 1, Value: []byte("hello")})
			n.Interface(capfile.Interface{Link: capfile.Ethernet, Resolution: 9})
			n.Add(0, capfile.Packet{Time: when, Data: frame()}, capfile.Option{Code: 1, Value: []byte("x")})
			n.Block(0x0BAD0BAD, make([]byte, 8))
			file, ends := n.Bytes()
			assert.Len(t, ends, 1)
			assert.Equal(t, len(file), n.Bounds()[3])
			r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
			require.NoError(t, err)
			data, info, err := r.ReadPacketData()
			require.NoError(t, err)
			assert.Equal(t, frame(), data)
			assert.True(t, when.Equal(info.Timestamp), info.Timestamp)
		})
	}
}

func TestPackets(t *testing.T) {
	p := gopacket.NewPacket(frame(), layers.LayerTypeEthernet, gopacket.Default)
	require.Nil(t, p.ErrorLayer())
	tcp, _ := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	require.NotNil(t, tcp)
	assert.True(t, tcp.SYN && tcp.ECE && !tcp.ACK)
	assert.EqualValues(t, 7, tcp.Seq)
	assert.Equal(t, []byte("hey"), tcp.Payload)
	ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	require.NotNil(t, ip)
	assert.EqualValues(t, 61, ip.TTL)

	// The checksums are those that gopacket computes.
	again := gopacket.NewSerializeBuffer()
	require.NoError(t, tcp.SetNetworkLayerForChecksum(ip))
	require.NoError(t, gopacket.SerializePacket(again, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true}, p))
	assert.Equal(t, frame(), again.Bytes())
}

func TestExtensionHeaders(t *testing.T) {
	src, dst := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	h := capfile.Header{Src: src, Dst: dst, TTL: 3, Protocol: capfile.UDP, Extensions: []capfile.Extension{
		{Type: capfile.HopByHop, Body: []byte{1, 4, 0, 0, 0, 0}}, capfile.Fragment(0, false, 9),
	}}
	udp := capfile.Datagram(netip.AddrPortFrom(src, 1), netip.AddrPortFrom(dst, 2), []byte("odd"))
	b := h.Packet(udp)
	assert.EqualValues(t, 40+8+8+len(udp), len(b))
	assert.EqualValues(t, capfile.HopByHop, b[6])
	assert.EqualValues(t, capfile.Fragment6, b[40])
	assert.EqualValues(t, capfile.UDP, b[48])
	assert.EqualValues(t, 8+8+len(udp), b[5])
}
