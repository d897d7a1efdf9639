// Command 11_trace serves the learner's package trace. A capture comes as
// bytes, with how the reader hands them out.
package main

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing/iotest"

	trace "wirelab/exercises/11_trace"
	"wirelab/exercises/port"
	"wirelab/grader/drivers/serve"
)

func main() {
	serve.Sentinels["the disk is gone"] = errDisk
	serve.Main(serve.Functions{"Segments": segments, "Verdicts": verdicts})
}

// errDisk is what a reader fails with.
var errDisk = errors.New("the disk is gone")

// reader hands a file out: at once, byte by byte, together with the end of the
// file, or with a failure where the end would be.
func reader(file []byte, how string) io.Reader {
	r := io.Reader(bytes.NewReader(file))
	switch how {
	case "byte by byte":
		return iotest.OneByteReader(r)
	case "end with the data":
		return iotest.DataErrReader(r)
	case "failing":
		return io.MultiReader(r, iotest.ErrReader(errDisk))
	}
	return r
}

// segment is a trace.Segment that any learner's can be sent as: a time.Time of
// the year 300,000 has no JSON.
type segment struct {
	Nanos              int64 // since 1970; 0 where there is no time
	Src, Dst           netip.AddrPort
	SYN, ACK, RST, FIN bool
	Seq, Ack           uint32
	Payload            int
	TTL                uint8
}

func segments(file []byte, how string) ([]segment, error) {
	all, err := trace.Segments(reader(file, how))
	out := make([]segment, len(all))
	for i, s := range all {
		out[i] = segment{Src: s.Src, Dst: s.Dst, SYN: s.SYN, ACK: s.ACK, RST: s.RST, FIN: s.FIN, Seq: s.Seq, Ack: s.Ack, Payload: s.Payload, TTL: s.TTL}
		if !s.Time.IsZero() {
			out[i].Nanos = s.Time.UnixNano()
		}
	}
	return out, err
}

func verdicts(file []byte, how string, scanner netip.Addr) ([]port.Result, error) {
	return trace.Verdicts(reader(file, how), scanner)
}
