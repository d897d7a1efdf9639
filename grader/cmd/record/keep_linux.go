package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"wirelab/exercises/port"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
	"wirelab/labenv/wire/capfile"
	"wirelab/testdata/captures"
)

// keep returns a lab's recording as pcapng and as pcap, without the frames that
// prove it complete, which are the kit's own affair.
func keep(kind string, raw labenv.Captures, ports []plan.Port, scanner netip.Addr) ([]captures.Recording, error) {
	if !raw.Complete {
		return nil, fmt.Errorf("the recording lacks frames: %s", raw.Why)
	}
	trace, err := wire.Read(raw.Target, raw.Sync)
	if err != nil {
		return nil, err
	}
	packets, err := wire.Packets(raw.Target, raw.Sync)
	if err != nil {
		return nil, err
	}
	var ng bytes.Buffer
	w, err := wire.NewWriter(&ng)
	if err != nil {
		return nil, err
	}
	classic := capfile.Classic{Link: capfile.Ethernet, BigEndian: true, Nano: true}
	for _, p := range packets {
		info := p.Metadata().CaptureInfo
		if err := w.WriteFrame(info.Timestamp, info.InterfaceIndex == 1, p.Data(), info.Length); err != nil {
			return nil, err
		}
		classic.Add(capfile.Packet{Time: info.Timestamp, Data: p.Data(), Length: info.Length})
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	file, _ := classic.Bytes()
	r := captures.Recording{Scanner: scanner, Segments: segments(trace), Results: truth(ports)}
	a, b := r, r
	a.Name, a.Data = kind+".pcapng", ng.Bytes()
	b.Name, b.Data = kind+".pcap", file
	return []captures.Recording{a, b}, nil
}

func segments(trace *wire.Trace) int {
	n := 0
	for _, f := range trace.Frames {
		if f.TCP != nil {
			n++
		}
	}
	return n
}

// truth is what the plan says of the ports, by rising number.
func truth(ports []plan.Port) []port.Result {
	var all []port.Result
	for _, p := range ports {
		all = append(all, port.Result{Port: p.Number, State: p.State(), Reason: p.Reason()})
	}
	slices.SortFunc(all, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return all
}
