package wire

import (
	"errors"
	"fmt"
	"sync"
)

// ErrNotSynced is matched by Read's error where no synchronisation frame with
// the nonce is in the recording: it may lack frames, and proves nothing.
var ErrNotSynced = errors.New("the recording lacks its synchronisation frame")

// ErrMalformed is matched by Read's error where the bytes are not a whole
// recording as Writer writes it.
var ErrMalformed = errors.New("malformed recording")

// Trace is what one host received and sent.
type Trace struct {
	// Frames are all frames of the recording but the synchronisation frames,
	// in the order of their numbers.
	Frames []Frame

	once          sync.Once // guards the filling of what follows
	conversations []Conversation
	byPort        []Conversation // the same, by rising port of the host
}

// Read reads a recording that was closed with synchronisation frames of the
// given nonce (labenv.Captures.Sync). Frames that cannot be decoded are returned as far as they can
// be; only the recording as a whole can be in error. Its errors match
// ErrNotSynced (an empty recording included) or ErrMalformed.
func Read(pcapng []byte, nonce uint64) (*Trace, error) {
	if len(pcapng) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrNotSynced)
	}
	n, err := intact(pcapng)
	if err != nil {
		return nil, err
	}
	trace := &Trace{Frames: make([]Frame, 0, n)}
	decoder, number, synced := newDecoder(), 0, false
	err = packets(pcapng, func(p packet) {
		number++
		if n, ok := syncNonce(p.data); ok {
			synced = synced || n == nonce
			return
		}
		f := Frame{Number: number, Time: p.time, Sent: p.sent, Length: p.length}
		decoder.decode(p.data, &f)
		trace.Frames = append(trace.Frames, f)
	})
	if err != nil {
		return nil, err
	}
	if !synced {
		return nil, fmt.Errorf("%w: none of its %d frames has the nonce %#x", ErrNotSynced, number, nonce)
	}
	return trace, nil
}
