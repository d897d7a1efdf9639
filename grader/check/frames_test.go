package check_test

import (
	"bytes"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// nonce is that of every recording's synchronisation frame.
const nonce = 0x6c6162

var (
	epoch   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	peerMAC = net.HardwareAddr{0x02, 0x77, 0, 0, 1, 0}
	hostMAC = net.HardwareAddr{0x02, 0x77, 0, 0, 0, 0x10}
)

// frame is a frame of a recording that is written by hand, 1 ms after the one
// before it.
type frame struct {
	sent bool
	data []byte
}

// record returns a recording of the frames that ends as it should.
func record(frames []frame) []byte {
	var b bytes.Buffer
	w, err := wire.NewWriter(&b)
	must(err)
	for i, f := range append(frames[:len(frames):len(frames)], frame{data: wire.SyncFrame(peerMAC, hostMAC, nonce)}) {
		must(w.WriteFrame(epoch.Add(time.Duration(i)*time.Millisecond), f.sent, f.data, len(f.data)))
	}
	must(w.Flush())
	return b.Bytes()
}

// isn is the seat's initial sequence number in every conversation.
const isn = 1000

// syn is a SYN from the seat's address src to a port of the target's.
func syn(src netip.Addr, p plan.Port) frame {
	tcp := &layers.TCP{SrcPort: 40000, DstPort: layers.TCPPort(p.Number), Seq: isn, SYN: true, Window: 64240}
	return frame{data: segment(src, plan.TargetAddr, tcp)}
}

// refused is the RST that answers syn.
func refused(p plan.Port) frame {
	tcp := &layers.TCP{SrcPort: layers.TCPPort(p.Number), DstPort: 40000, Ack: isn + 1, RST: true, ACK: true}
	return frame{sent: true, data: segment(plan.TargetAddr, plan.SeatAddr, tcp)}
}

// accepted is the SYN-ACK that answers syn.
func accepted(p plan.Port) frame {
	tcp := &layers.TCP{SrcPort: layers.TCPPort(p.Number), DstPort: 40000, Seq: 5000, Ack: isn + 1, SYN: true, ACK: true, Window: 64240}
	return frame{sent: true, data: segment(plan.TargetAddr, plan.SeatAddr, tcp)}
}

// whoHas is an ARP request of src's for the owner of addr.
func whoHas(src, addr netip.Addr) frame {
	eth := &layers.Ethernet{SrcMAC: peerMAC, DstMAC: net.HardwareAddr{255, 255, 255, 255, 255, 255}, EthernetType: layers.EthernetTypeARP}
	arp := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: layers.ARPRequest, SourceHwAddress: peerMAC, SourceProtAddress: src.AsSlice(),
		DstHwAddress: make([]byte, 6), DstProtAddress: addr.AsSlice(),
	}
	return frame{data: serialize(eth, arp)}
}

func segment(src, dst netip.Addr, tcp *layers.TCP) []byte {
	eth := &layers.Ethernet{SrcMAC: peerMAC, DstMAC: hostMAC, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	must(tcp.SetNetworkLayerForChecksum(ip))
	return serialize(eth, ip, tcp)
}

func serialize(ls ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBuffer()
	must(gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...))
	return b.Bytes()
}

// must stops a test whose own packets cannot be built.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
