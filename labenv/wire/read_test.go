package wire_test

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/wire"
)

func TestReadRefusesWhatWasNotSynced(t *testing.T) {
	syn := v4.in("SYN", 1, 0).data
	frame := func(data []byte) recorded { return recorded{Data: data, Length: len(data)} }
	magicOnly := append(append([]byte{}, syncFrame(0)[:14]...), wire.SyncMagic...)
	for name, pcapng := range map[string][]byte{
		"empty":             nil,
		"head only":         written(t, nil),
		"no sync frame":     written(t, []recorded{frame(syn)}),
		"another nonce":     written(t, []recorded{frame(syn), frame(syncFrame(nonce + 1))}),
		"nonce cut off":     written(t, []recorded{frame(magicOnly)}),
		"another EtherType": written(t, []recorded{frame(append(append([]byte{}, syn[:14]...), syncFrame(nonce)[14:]...))}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.Read(pcapng, nonce)
			assert.ErrorIs(t, err, wire.ErrNotSynced)
		})
	}
}

// TestSyncFramesAreCountedNotReturned covers one frame for each of several
// CPUs, and those of earlier requests.
func TestSyncFramesAreCountedNotReturned(t *testing.T) {
	sync := func(n uint64) step { return step{data: syncFrame(n)} }
	trace := read(t, v4.in("SYN", 1, 0), sync(7), sync(7), v4.out("RST-ACK", 0, 2), sync(nonce), v6.in("SYN", 1, 0))
	var got []int
	for _, f := range trace.Frames {
		got = append(got, f.Number)
	}
	assert.Equal(t, []int{1, 4, 6}, got)
}

// TestBorrowedEtherTypeIsReturned: nobody hides a frame behind the EtherType
// of the synchronisation frames.
func TestBorrowedEtherTypeIsReturned(t *testing.T) {
	frame := syncFrame(0)
	frame[14] = 'W'
	trace := read(t, step{data: frame})
	require.Len(t, trace.Received(), 1)
	assert.Equal(t, "EtherType 0x88b5", trace.Frames[0].Summary())
}

// TestReadRefusesEveryCut cuts a recording at each byte: in mid-block that is
// malformed, between blocks a lack of synchronisation.
func TestReadRefusesEveryCut(t *testing.T) {
	whole := written(t, record(v4.in("SYN", 1, 0), v4.out("RST-ACK", 0, 2)))
	boundaries := map[int]bool{0: true}
	for n := range 3 {
		boundaries[len(written(t, record(v4.in("SYN", 1, 0), v4.out("RST-ACK", 0, 2))[:n]))] = true
	}
	for cut := range whole {
		_, err := wire.Read(whole[:cut], nonce)
		if boundaries[cut] {
			require.ErrorIs(t, err, wire.ErrNotSynced, "cut at %d", cut)
		} else {
			require.ErrorIs(t, err, wire.ErrMalformed, "cut at %d", cut)
		}
	}
}

func TestReadRefusesGarbage(t *testing.T) {
	good := written(t, record(v4.in("SYN", 1, 0)))
	head := len(written(t, nil))
	patched := func(offset int, b ...byte) []byte {
		p := bytes.Clone(good)
		copy(p[head+offset:], b)
		return p
	}
	for name, pcapng := range map[string][]byte{
		"text":                   []byte("this is no capture at all, but long enough to be one"),
		"garbage behind a frame": append(bytes.Clone(good), "garbage"...),
		"another kind of block":  patched(0, 5),
		"a size of nothing":      patched(4, 0, 0, 0, 0),
		"a huge size":            patched(4, 0xFC, 0xFF, 0xFF, 0xFF),
		"a crooked size":         patched(4, 93),
		"a third interface":      patched(8, 2),
		"more captured than is":  patched(20, 0xFF, 0xFF, 0xFF, 0x7F),
		"another tool's":         foreign(t),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.Read(pcapng, nonce)
			assert.ErrorIs(t, err, wire.ErrMalformed)
		})
	}
}

// foreign is a recording without directions.
func foreign(t *testing.T) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	return b.Bytes()
}

// ipv4With returns a SYN whose IPv4 header and TCP header are as asked.
func ipv4With(edit func(*layers.IPv4, *layers.TCP)) []byte {
	eth := &layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: peer4.Addr().AsSlice(), DstIP: host4.Addr().AsSlice()}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 9001, Seq: 100, SYN: true}
	edit(ip, tcp)
	return serialize(append([]gopacket.SerializableLayer{eth, ip}, checked(ip, []gopacket.SerializableLayer{tcp})...)...)
}

// patch overwrites bytes of a frame.
func patch(frame []byte, offset int, b ...byte) []byte {
	frame = bytes.Clone(frame)
	copy(frame[offset:], b)
	return frame
}

// arp returns an ARP packet of the peer's about the host.
func arp(operation uint16) []byte {
	return serialize(
		&layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: operation, SourceHwAddress: peerMAC, SourceProtAddress: peer4.Addr().AsSlice(),
			DstHwAddress: hostMAC, DstProtAddress: host4.Addr().AsSlice(),
		})
}

// mld returns a multicast listener report, which comes behind a hop-by-hop
// header with a router alert.
func mld() []byte {
	body := append([]byte{58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 20)...)
	return packet(peer6, host6, layers.IPProtocolIPv6HopByHop, gopacket.Payload(body))
}

// kinds are frames of every kind, what Summary says of them and whether they
// are noise.
var kinds = []struct {
	frame   []byte
	summary string
	noise   bool
}{
	{segment(peer4, host4, "SYN", 1, 0, nil), "SYN", false},
	{segment(peer4, host4, "SYN", 1, 0, []byte("hey")), "SYN with 3 bytes of data", false},
	{segment(peer4, host4, "SYN-ACK", 1, 1, nil), "SYN-ACK", false},
	{segment(peer4, host4, "RST", 1, 0, nil), "RST", false},
	{segment(peer4, host4, "RST-ACK", 1, 1, nil), "RST-ACK", false},
	{segment(peer6, host6, "FIN-ACK", 1, 1, nil), "FIN-ACK", false},
	{segment(peer6, host6, "FIN-ACK", 1, 1, []byte("bye")), "FIN-ACK with 3 bytes of data", false},
	{segment(peer6, host6, "ACK", 1, 1, nil), "ACK", false},
	{segment(peer6, host6, "ACK", 1, 1, []byte("hello, world")), "12 bytes of data", false},
	{segment(peer4, host4, "ACK", 1, 1, []byte("!")), "1 byte of data", false},
	{segment(peer4, host4, "", 1, 1, nil), "TCP without flags", false},
	{datagram(peer4, host4, "hello"), "UDP, 5 bytes", false},
	{datagram(peer6, host6, ""), "UDP, 0 bytes", false},
	{v4.unreach(3, 1, 1).data, "ICMP host unreachable (3/1)", false},
	{v4.unreach(3, 13, 1).data, "ICMP administratively prohibited (3/13)", false},
	{v4.unreach(3, 15, 1).data, "ICMP destination unreachable (3/15)", false},
	{v6.unreach(1, 3, 1).data, "ICMPv6 address unreachable (1/3)", false},
	{icmpError(peer4, host4, 8, 0, nil), "ICMP echo request (8/0)", false},
	{icmpError(peer4, host4, 40, 2, nil), "ICMP message (40/2)", false},
	{icmpv6(peer6, host6, 135, 0, make([]byte, 20)), "ICMPv6 neighbour solicitation (135/0)", true},
	{icmpv6(peer6, host6, 136, 0, make([]byte, 20)), "ICMPv6 neighbour advertisement (136/0)", true},
	{icmpv6(peer6, host6, 133, 0, make([]byte, 4)), "ICMPv6 router solicitation (133/0)", true},
	{icmpv6(peer6, host6, 128, 0, make([]byte, 4)), "ICMPv6 echo request (128/0)", false},
	{mld(), "ICMPv6 multicast listener report (143/0)", true},
	{packet(peer4, host4, layers.IPProtocolIGMP, gopacket.Payload(make([]byte, 8))), "IGMP", true},
	{packet(peer4, host4, layers.IPProtocolGRE, gopacket.Payload(make([]byte, 8))), "IP protocol 47", false},
	{arp(1), "ARP who has 10.77.0.10", true},
	{arp(2), "ARP 10.77.0.100 is at 02:77:00:00:01:00", true},
	{arp(9), "ARP operation 9", true},
	{patch(arp(1), 18, 200), "damaged ARP packet", false},
	{ipv4With(func(ip *layers.IPv4, _ *layers.TCP) { ip.Flags = layers.IPv4MoreFragments }), "IPv4 fragment", false},
	{packet(peer6, host6, layers.IPProtocolIPv6Fragment, gopacket.Payload(make([]byte, 8))), "IPv6 fragment", false},
	{patch(segment(peer4, host4, "SYN", 1, 0, nil), 14, 0x65), "damaged IPv4 packet", false},
	{patch(segment(peer6, host6, "SYN", 1, 0, nil), 14, 0x40), "damaged IPv6 packet", false},
	{patch(segment(peer4, host4, "SYN", 1, 0, nil), 46, 0x40), "damaged TCP segment", false},
	{patch(segment(peer4, host4, "SYN", 1, 0, nil), 46, 0xF0), "damaged TCP segment", false},
	{segment(peer4, host4, "SYN", 1, 0, nil)[:20], "damaged IPv4 packet", false},
	{make([]byte, 10), "EtherType 0x0000", false},
}

func TestSummary(t *testing.T) {
	for _, tt := range kinds {
		t.Run(tt.summary, func(t *testing.T) {
			f := read(t, step{data: tt.frame}).Frames[0]
			assert.Equal(t, tt.summary, f.Summary())
			assert.Equal(t, tt.noise, f.Noise())
		})
	}
}

func TestReceivedLeavesOutNoise(t *testing.T) {
	want := 0
	steps := []step{v4.out("SYN-ACK", 1, 1)}
	for _, k := range kinds {
		steps = append(steps, step{data: k.frame})
		if !k.noise {
			want++
		}
	}
	received := read(t, steps...).Received()
	assert.Len(t, received, want)
	for _, f := range received {
		assert.False(t, f.Sent)
		assert.False(t, f.Noise())
	}
}

func TestStrays(t *testing.T) {
	asked := func(to netip.AddrPort) bool { return to == host4 }
	other := v4.on(40000, 9002)
	late := datagram(host4, peer4, "late")[14:]
	for _, tt := range []struct {
		name  string
		step  step
		stray bool
	}{
		{"the asked-for port", v4.in("SYN", 1, 0), false},
		{"a datagram to it", step{data: datagram(peer4, host4, "hi")}, false},
		{"another port", other.in("SYN", 1, 0), true},
		{"another family", v6.in("SYN", 1, 0), true},
		{"sent by the host", other.out("RST-ACK", 0, 2), false},
		{"noise", step{data: arp(1)}, false},
		{"a ping", step{data: icmpError(peer4, host4, 8, 0, nil)}, true},
		{"a kernel's complaint of a late answer", step{data: icmpError(peer4, host4, 3, 3, late)}, false},
		{"a complaint of what was never sent from there", step{data: icmpError(peer4, host4, 3, 3, datagram(other.host, peer4, "")[14:])}, true},
		{"a fragment", step{data: ipv4With(func(ip *layers.IPv4, _ *layers.TCP) { ip.FragOffset = 9 })}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			strays := read(t, tt.step).Strays(asked)
			assert.Equal(t, tt.stray, len(strays) == 1)
		})
	}
}

func TestFieldsOfASegment(t *testing.T) {
	f := read(t, v6.in("FIN-ACK", 7, 8, 'a', 'b')).Frames[0]
	assert.Equal(t, &wire.TCP{FIN: true, ACK: true, Seq: 7, Ack: 8, Window: 64240, Payload: 2}, f.TCP)
	assert.Equal(t, peer6, f.Src)
	assert.Equal(t, host6, f.Dst)
	assert.EqualValues(t, wire.ProtoTCP, f.Protocol)
	assert.EqualValues(t, wire.EtherTypeIPv6, f.EtherType)
}

// TestOptionsDoNotHideASegment: Linux answers a SYN whose options are
// malformed, so the SYN must be there.
func TestOptionsDoNotHideASegment(t *testing.T) {
	frame := ipv4With(func(ip *layers.IPv4, tcp *layers.TCP) {
		ip.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}, {OptionType: 1}, {OptionType: 0}}
		tcp.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}
	})
	const lengthOfMSS = 14 + 24 + 20 + 1
	for name, b := range map[string][]byte{"well-formed": frame, "malformed": patch(frame, lengthOfMSS, 1)} {
		t.Run(name, func(t *testing.T) {
			f := read(t, step{data: b}).Frames[0]
			require.NotNil(t, f.TCP)
			assert.Equal(t, "SYN", f.Summary())
			assert.Equal(t, peer4, f.Src)
			assert.Equal(t, host4, f.Dst)
		})
	}
}

// TestPayloadIsWhatWasSent: padding does not count, bytes that the capture
// cut off do.
func TestPayloadIsWhatWasSent(t *testing.T) {
	padded := append(segment(peer4, host4, "ACK", 1, 1, []byte("abc")), 0, 0, 0)
	long := segment(peer6, host6, "ACK", 1, 1, make([]byte, 1000))
	udp := datagram(peer4, host4, string(make([]byte, 500)))
	frames := []recorded{
		{Data: padded, Length: len(padded)},
		{Data: long[:74], Length: len(long)},
		{Data: udp[:60], Length: len(udp)},
		synced,
	}
	trace, err := wire.Read(written(t, frames), nonce)
	require.NoError(t, err)
	assert.Equal(t, 3, trace.Frames[0].TCP.Payload)
	assert.Equal(t, 1000, trace.Frames[1].TCP.Payload)
	assert.Equal(t, 500, trace.Frames[2].UDP.Payload)
}

// TestFramesOutliveTheRecording: nothing returned points into the reader's
// buffers.
func TestFramesOutliveTheRecording(t *testing.T) {
	trace := read(t, step{data: arp(2)}, step{data: patch(arp(2), 22, 1, 1, 1, 1, 1, 1)})
	assert.Equal(t, peerMAC, trace.Frames[0].ARP.Sender)
	assert.Equal(t, net.HardwareAddr{1, 1, 1, 1, 1, 1}, trace.Frames[1].ARP.Sender)
}

// TestQuotesThatSayTooLittle are ICMP errors that prove nothing.
func TestQuotesThatSayTooLittle(t *testing.T) {
	syn4, syn6 := v4.in("SYN", 1, 0).data[14:], v6.in("SYN", 1, 0).data[14:]
	for name, frame := range map[string][]byte{
		"nothing":              icmpError(host4, peer4, 3, 1, nil),
		"seven bytes of TCP":   icmpError(host4, peer4, 3, 1, syn4[:27]),
		"IPv6 in ICMP":         icmpError(host4, peer4, 3, 1, syn6),
		"a short header":       icmpError(host4, peer4, 3, 1, patch(syn4, 0, 0x44)),
		"nothing, IPv6":        icmpError(host6, peer6, 1, 3, nil),
		"seven bytes, IPv6":    icmpError(host6, peer6, 1, 3, syn6[:47]),
		"IPv4 in ICMPv6":       icmpError(host6, peer6, 1, 3, append(bytes.Clone(syn4), make([]byte, 20)...)),
		"an answer to a ping":  icmpError(host4, peer4, 0, 0, syn4),
		"a ping reply in IPv6": icmpv6(host6, peer6, 129, 0, append(make([]byte, 4), syn6...)),
	} {
		t.Run(name, func(t *testing.T) {
			f := read(t, step{sent: true, data: frame}).Frames[0]
			assert.NotNil(t, f.ICMP)
			assert.Nil(t, f.Unreach)
		})
	}
}

// TestQuotesOfOtherPackets: ports are read only where there are some.
func TestQuotesOfOtherPackets(t *testing.T) {
	plain4 := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), 0) }
	late := ipv4With(func(ip *layers.IPv4, _ *layers.TCP) { ip.FragOffset = 9 })[14:]
	for name, tt := range map[string]struct {
		quoted []byte
		want   wire.Quote
	}{
		"UDP":              {datagram(peer4, host4, "hi")[14:], wire.Quote{Protocol: wire.ProtoUDP, Src: peer4, Dst: host4}},
		"ICMP":             {icmpError(peer4, host4, 8, 0, nil)[14:], wire.Quote{Protocol: wire.ProtoICMP, Src: plain4(peer4), Dst: plain4(host4)}},
		"a later fragment": {late, wire.Quote{Protocol: wire.ProtoTCP, Src: plain4(peer4), Dst: plain4(host4)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := read(t, step{sent: true, data: icmpError(host4, peer4, 3, 3, tt.quoted)}).Frames[0]
			require.NotNil(t, f.Unreach)
			assert.Equal(t, tt.want, f.Unreach.Quoted)
		})
	}
}
