package trace

import "io"

// Segments returns the TCP segments of a capture, pcap or pcapng, in the file's
// order. If the file ends in the middle of something, it returns the segments
// before that, and an error that matches io.ErrUnexpectedEOF; likewise for
// every other error.
func Segments(r io.Reader) ([]Segment, error) {
	var all []Segment
	err := frames(r, func(f frame) {
		if p, ok := f.packet(); ok {
			if s, ok := p.segment(); ok {
				s.Time = f.time
				all = append(all, s)
			}
		}
	})
	return all, err
}
