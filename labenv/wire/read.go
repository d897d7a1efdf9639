package wire

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
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
	r, err := intact(pcapng)
	if err != nil {
		return nil, err
	}
	frames, synced := r.frames(nonce)
	if !synced {
		return nil, fmt.Errorf("%w: none of its %d frames has the nonce %#x", ErrNotSynced, len(r.blocks), nonce)
	}
	return &Trace{Frames: frames}, nil
}

// frames decodes all frames, and tells whether there is a synchronisation frame
// with the nonce. A great recording is decoded in parts, side by side.
func (r recording) frames(nonce uint64) (frames []Frame, synced bool) {
	const worthwhile = 10_000 // frames; for fewer a goroutine does not pay
	parts := max(1, min(runtime.GOMAXPROCS(0), len(r.blocks)/worthwhile))
	frames = make([]Frame, len(r.blocks))
	found := make([]bool, parts)
	var wait sync.WaitGroup
	for part := range parts {
		from, to := part*len(frames)/parts, (part+1)*len(frames)/parts
		wait.Go(func() { found[part] = r.decode(from, to, frames, nonce) })
	}
	wait.Wait()
	// Synchronisation frames have no number.
	return slices.DeleteFunc(frames, func(f Frame) bool { return f.Number == 0 }), slices.Contains(found, true)
}

// decode decodes a part of the frames.
func (r recording) decode(from, to int, frames []Frame, nonce uint64) (synced bool) {
	decoder := newDecoder()
	for i := from; i < to; i++ {
		p := r.packet(i)
		if n, ok := syncNonce(p.data); ok {
			synced = synced || n == nonce
			continue
		}
		f := &frames[i]
		f.Number, f.Time, f.Sent, f.Length = i+1, p.time, p.sent, p.length
		decoder.decode(p.data, f)
	}
	return synced
}
