package wire_test

import (
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/wire"
)

const nonce = 0x77697265

var (
	epoch   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	peerMAC = net.HardwareAddr{0x02, 0x77, 0, 0, 1, 0}
	hostMAC = net.HardwareAddr{0x02, 0x77, 0, 0, 0, 0x10}

	peer4 = netip.MustParseAddrPort("10.77.0.100:40000")
	host4 = netip.MustParseAddrPort("10.77.0.10:9001")
	peer6 = netip.MustParseAddrPort("[fd77::100]:40000")
	host6 = netip.MustParseAddrPort("[fd77::10]:9001")
)

// ends are the two ends of a scripted conversation.
type ends struct {
	peer, host netip.AddrPort
}

var (
	v4 = ends{peer4, host4}
	v6 = ends{peer6, host6}
)

// step is one frame of a script.
type step struct {
	after time.Duration // since epoch
	sent  bool
	data  []byte
}

// at says when the frame was captured, in milliseconds after epoch.
func (s step) at(ms int) step {
	s.after = time.Duration(ms) * time.Millisecond
	return s
}

// forged is the same frame captured in the other direction.
func (s step) forged() step {
	s.sent = !s.sent
	return s
}

// in is a segment that the host receives; flags are as in "SYN-ACK".
func (e ends) in(flags string, seq, ack uint32, payload ...byte) step {
	return step{data: segment(e.peer, e.host, flags, seq, ack, payload)}
}

// out is a segment that the host sends.
func (e ends) out(flags string, seq, ack uint32) step {
	return step{sent: true, data: segment(e.host, e.peer, flags, seq, ack, nil)}
}

// unreach is an ICMP error that the host sends about a segment of the peer's
// with the sequence number.
func (e ends) unreach(typ, code uint8, seq uint32) step {
	quoted := segment(e.peer, e.host, "SYN", seq, 0, nil)[14:]
	return step{sent: true, data: icmpError(e.host, e.peer, typ, code, quoted)}
}

// record returns the synchronised recording of the steps.
func record(steps ...step) []recorded {
	var frames []recorded
	for _, s := range steps {
		frames = append(frames, recorded{epoch.Add(s.after).UnixNano(), s.sent, s.data, len(s.data)})
	}
	return append(frames, synced)
}

// read records the steps and reads the recording.
func read(t require.TestingT, steps ...step) *wire.Trace {
	trace, err := wire.Read(written(t, record(steps...)), nonce)
	require.NoError(t, err)
	return trace
}

func segment(src, dst netip.AddrPort, flags string, seq, ack uint32, payload []byte) []byte {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Seq: seq, Ack: ack, Window: 64240,
		SYN: strings.Contains(flags, "SYN"), ACK: strings.Contains(flags, "ACK"),
		FIN: strings.Contains(flags, "FIN"), RST: strings.Contains(flags, "RST"),
	}
	return packet(src, dst, layers.IPProtocolTCP, tcp, gopacket.Payload(payload))
}

func datagram(src, dst netip.AddrPort, payload string) []byte {
	udp := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	return packet(src, dst, layers.IPProtocolUDP, udp, gopacket.Payload(payload))
}

// icmpError returns an ICMP or ICMPv6 error, by the family of src.
func icmpError(src, dst netip.AddrPort, typ, code uint8, quoted []byte) []byte {
	if src.Addr().Is4() {
		return packet(src, dst, layers.IPProtocolICMPv4,
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(typ, code)}, gopacket.Payload(quoted))
	}
	return icmpv6(src, dst, typ, code, append(make([]byte, 4), quoted...))
}

func icmpv6(src, dst netip.AddrPort, typ, code uint8, body []byte) []byte {
	return packet(src, dst, layers.IPProtocolICMPv6,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(typ, code)}, gopacket.Payload(body))
}

// packet puts the layers into IP and Ethernet, checksums and all.
func packet(src, dst netip.AddrPort, proto layers.IPProtocol, inner ...gopacket.SerializableLayer) []byte {
	eth := &layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeIPv4}
	if src.Addr().Is4() {
		ip := &layers.IPv4{
			Version: 4, TTL: 64, Protocol: proto, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice(),
		}
		return serialize(append([]gopacket.SerializableLayer{eth, ip}, checked(ip, inner)...)...)
	}
	eth.EthernetType = layers.EthernetTypeIPv6
	ip := &layers.IPv6{
		Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice(),
	}
	return serialize(append([]gopacket.SerializableLayer{eth, ip}, checked(ip, inner)...)...)
}

// checked tells the layers whose checksum covers addresses which those are.
func checked(ip gopacket.NetworkLayer, inner []gopacket.SerializableLayer) []gopacket.SerializableLayer {
	for _, l := range inner {
		if c, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			must(c.SetNetworkLayerForChecksum(ip))
		}
	}
	return inner
}

func serialize(ls ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBuffer()
	must(gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...))
	return b.Bytes()
}

// tagged puts a VLAN tag into an Ethernet frame (IEEE Std 802.1Q).
func tagged(s step) step {
	tag := []byte{0x81, 0x00, 0x00, 0x05}
	s.data = append(append(append([]byte{}, s.data[:12]...), tag...), s.data[12:]...)
	return s
}

// must stops a test whose own packets cannot be built.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
