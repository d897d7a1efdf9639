package capture

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxRecording bounds a recording, in bytes.
	maxRecording = 64 << 20
	// syncReserve is the room beyond the bound that only synchronisation
	// frames may use: a full recording can still be closed with them.
	syncReserve = 1 << 20
	// maxNonces bounds how many nonces are remembered. Anybody in the lab can
	// make some up; only those that arrive within moments of an Await matter.
	maxNonces = 4096
)

// frame is one captured frame. Its data are valid until the next one is taken.
type frame struct {
	time   time.Time
	kind   uint8  // how the kernel classes it: PACKET_HOST, PACKET_OUTGOING, …
	data   []byte // from the Ethernet header on
	length int    // on the wire
}

// store is a recording in the making.
type store struct {
	mu      sync.Mutex
	bytes   []byte // only ever appended to: a snapshot looks at its beginning
	limit   int
	missing uint64 // frames that found no room
	err     error  // why nothing more can be recorded

	nonces  map[uint64]int // synchronisation frames received, by nonce
	order   []uint64       // the nonces, oldest first
	changed chan struct{}  // closed and replaced when nonces or err change
}

func newStore(limit int) *store {
	return &store{bytes: appendHead(nil), limit: limit, nonces: map[uint64]int{}, changed: make(chan struct{})}
}

// add records one frame.
func (s *store) add(f frame) { s.addAll(func(yield func(frame) bool) { yield(f) }) }

// addAll records frames, taking the lock once.
func (s *store) addAll(frames iter.Seq[frame]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range frames {
		s.record(f)
	}
}

func (s *store) record(f frame) {
	if s.err != nil {
		return
	}
	room := s.limit
	if nonce, ok := syncNonce(f); ok {
		room += syncReserve
		// Even if there is no room left, for who waits must learn of that.
		defer s.count(nonce)
	}
	if len(s.bytes)+packetSize(len(f.data)) > room {
		s.missing++
		return
	}
	iface := uint32(interfaceReceived)
	if f.kind == unix.PACKET_OUTGOING {
		iface = interfaceSent
	}
	s.bytes = appendPacket(s.bytes, f.time, iface, f.data, f.length)
}

func (s *store) count(nonce uint64) {
	if s.nonces[nonce] == 0 {
		if len(s.order) == maxNonces {
			delete(s.nonces, s.order[0])
			s.order = s.order[1:]
		}
		s.order = append(s.order, nonce)
	}
	s.nonces[nonce]++
	s.wake()
}

func (s *store) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// fail ends the recording for the given reason, nil being none; the first
// reason stays. That a file was closed is no reason of its own.
func (s *store) fail(err error) {
	if err == nil || errors.Is(err, os.ErrClosed) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		s.wake()
	}
}

func (s *store) await(ctx context.Context, nonce uint64, n int) error {
	for {
		s.mu.Lock()
		got, err, changed := s.nonces[nonce], s.err, s.changed
		s.mu.Unlock()
		switch {
		case err != nil:
			return err
		case got >= n:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for synchronisation frames, %d of %d came: %w", got, n, ctx.Err())
		}
	}
}

func (s *store) snapshot() (pcapng []byte, missing uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, 0, s.err
	}
	n := len(s.bytes)
	return s.bytes[:n:n], s.missing, nil
}
