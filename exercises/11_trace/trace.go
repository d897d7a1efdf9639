package trace

import (
	"errors"
	"io"
	"net/netip"

	"wirelab/exercises/port"
)

// Segments returns the TCP segments of a capture, pcap or pcapng, in the file's
// order. If the file ends in the middle of something, it returns the segments
// before that, and an error that matches io.ErrUnexpectedEOF.
func Segments(r io.Reader) ([]Segment, error) {
	// TODO: the first four bytes tell which format it is, and in which byte order.
	return nil, errors.New("trace: Segments is not implemented yet")
}

// Verdicts returns what a capture proves about the ports that scanner sent SYNs
// to, sorted by port. All of them have to belong to one host.
func Verdicts(r io.Reader, scanner netip.Addr) ([]port.Result, error) {
	// TODO: Segments is half of it. The ICMP errors are the other half.
	return nil, errors.New("trace: Verdicts is not implemented yet")
}
