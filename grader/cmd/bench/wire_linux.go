package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"wirelab/labenv/wire"
	"wirelab/labenv/wire/capfile"
)

const (
	framesRead = 1_000_000
	readRounds = 5
	readNonce  = 1
)

// reads measures wire's reading of a great capture against a bare loop around
// gopacket's fastest parser, and against tshark.
func (k *kit) reads(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	step(0, readRounds, "write a million packets")
	file, err := million()
	if err != nil {
		return nil, err
	}
	var own, bare []time.Duration
	for i := range readRounds {
		step(i, readRounds, "read a million packets")
		for _, r := range []struct {
			read func([]byte) (int, error)
			took *[]time.Duration
		}{{readWire, &own}, {readBare, &bare}} {
			start := time.Now()
			n, err := r.read(file)
			*r.took = append(*r.took, time.Since(start))
			if err != nil {
				return nil, err
			}
			if n != framesRead {
				return nil, fmt.Errorf("%d packets were read, and there are %d", n, framesRead)
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	figures := []figure{{
		what: "wire reads a million packets, against a bare DecodingLayerParser loop", value: in(median(own), median(bare)), target: 1 / 0.8, unit: "×",
		how: fmt.Sprintf("medians of %d: %.2f s, bare loop %.2f s", readRounds, median(own).Seconds(), median(bare).Seconds()),
	}}
	step(readRounds, readRounds, "have tshark read them")
	const what = "wire reads a million packets, against tshark -T fields"
	took, err := k.tshark(ctx, file)
	if err != nil {
		return append(figures, missing(what, err.Error())), nil
	}
	return append(figures, figure{
		what: what, value: in(median(own), took), target: 0.01, unit: "×",
		how: fmt.Sprintf("%.2f s, tshark once %.1f s", median(own).Seconds(), took.Seconds()),
	}), nil
}

// million is a recording of half a million ports that refuse.
func million() ([]byte, error) {
	var b bytes.Buffer
	w, err := wire.NewWriter(&b)
	if err != nil {
		return nil, err
	}
	now := time.Unix(1_700_000_000, 0)
	seat, host := netip.MustParseAddr("10.77.0.100"), netip.MustParseAddr("10.77.0.10")
	add := func(sent bool, s capfile.Segment) {
		h := capfile.Header{Src: s.Src.Addr(), Dst: s.Dst.Addr(), TTL: 64, Protocol: capfile.TCP}
		frame := capfile.Framed(capfile.Ethernet, h.Packet(s.Bytes()), false)
		now = now.Add(time.Microsecond)
		err = errors.Join(err, w.WriteFrame(now, sent, frame, len(frame)))
	}
	for i := range framesRead / 2 {
		from, to := netip.AddrPortFrom(seat, uint16(i%60000+1)), netip.AddrPortFrom(host, uint16(i/60000+1))
		add(false, capfile.Segment{Src: from, Dst: to, Flags: capfile.SYN, Seq: uint32(i), Options: []byte{2, 4, 5, 0xb4}})
		add(true, capfile.Segment{Src: to, Dst: from, Flags: capfile.RST | capfile.ACK, Ack: uint32(i) + 1})
	}
	sync := wire.SyncFrame(make(net.HardwareAddr, 6), make(net.HardwareAddr, 6), readNonce)
	err = errors.Join(err, w.WriteFrame(now, false, sync, len(sync)), w.Flush())
	return b.Bytes(), err
}

func readWire(file []byte) (int, error) {
	trace, err := wire.Read(file, readNonce)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range trace.Frames {
		if trace.Frames[i].TCP != nil {
			n++
		}
	}
	return n, nil
}

// readBare decodes, and keeps nothing.
func readBare(file []byte) (n int, err error) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return 0, err
	}
	var eth layers.Ethernet
	var ip4 layers.IPv4
	var ip6 layers.IPv6
	var tcp layers.TCP
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip4, &ip6, &tcp)
	parser.IgnoreUnsupported = true
	var found []gopacket.LayerType
	for {
		data, _, err := r.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if err := parser.DecodeLayers(data, &found); err != nil {
			return 0, err
		}
		for _, l := range found {
			if l == layers.LayerTypeTCP {
				n++
			}
		}
	}
}

// tshark reads the file once: it takes its time.
func (k *kit) tshark(ctx context.Context, file []byte) (time.Duration, error) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		return 0, errors.New("tshark is not installed")
	}
	path := filepath.Join(k.scratch, "million.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return 0, err
	}
	defer os.Remove(path)
	return timed(exec.CommandContext(ctx, tool, "-n", "-r", path, "-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.flags")) //nolint:gosec // the path that we made
}
