package trace

import (
	"io"
	"net/netip"

	"wirelab/exercises/port"
)

func Segments(io.Reader) ([]Segment, error) { return nil, io.ErrUnexpectedEOF }

func Verdicts(io.Reader, netip.Addr) ([]port.Result, error) { return nil, io.ErrUnexpectedEOF }
