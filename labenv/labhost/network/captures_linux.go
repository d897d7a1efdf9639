package network

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/host"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// captures returns both recordings, complete up to now.
func (l *lab) captures(ctx context.Context, _ json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.target == nil || l.neighbour == nil {
		return nil, nil, errors.New("the lab does not run")
	}
	nonce, err := synchronise(ctx, l.target, l.neighbour, l.plan)
	if err != nil {
		return nil, nil, err
	}
	reply := protocol.CapturesReply{Complete: true, Sync: nonce}
	var files []*os.File
	for _, h := range []*host.Host{l.target, l.neighbour} {
		recording, complete, why, err := h.Capture().Snapshot()
		if err != nil {
			return nil, files, fmt.Errorf("recording: %w", err)
		}
		if !complete {
			reply.Complete, reply.Why = false, why
		}
		f, err := memoryFile(recording)
		if err != nil {
			return nil, files, err
		}
		files = append(files, f)
	}
	return reply, files, nil
}

const (
	// syncTries bounds how often synchronisation frames are sent.
	syncTries = 12
	// syncPatience is how long the first are waited for; each time it is half
	// as long again, 25 s together.
	syncPatience = 100 * time.Millisecond
)

// synchronise closes the recordings with synchronisation frames and returns
// their nonce. Where programs flood the hosts these frames get lost like
// others, so it tries again, each time with frames that cannot be taken for
// those of another try.
func synchronise(ctx context.Context, target, neighbour *host.Host, p plan.Plan) (nonce uint64, err error) {
	patience := syncPatience
	for range syncTries {
		limited, cancel := context.WithTimeout(ctx, patience)
		nonce, err = trySynchronise(limited, target, neighbour, p)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break
		}
		patience += patience / 2
	}
	return nonce, err
}

// trySynchronise has each host send a frame to the other from every CPU.
// Frames sent earlier, from wherever in the lab, wait in the same queues before
// them, so that a recording with all of them in it lacks nothing up to now.
func trySynchronise(ctx context.Context, target, neighbour *host.Host, p plan.Plan) (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	nonce := binary.BigEndian.Uint64(b[:])
	for _, pair := range []struct {
		from, to *host.Host
		mac      string
	}{{neighbour, target, p.Target.MAC}, {target, neighbour, p.Neighbour.MAC}} {
		mac, err := net.ParseMAC(pair.mac)
		if err != nil {
			return 0, err
		}
		n, err := pair.from.Capture().Mark(mac, nonce)
		if err != nil {
			return 0, fmt.Errorf("synchronise: %w", err)
		}
		if err := pair.to.Capture().Await(ctx, nonce, n); err != nil {
			return 0, fmt.Errorf("synchronise: %w", err)
		}
	}
	return nonce, nil
}

// memoryFile returns a file with the data that has no name anywhere.
func memoryFile(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("recording", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	f := os.NewFile(uintptr(fd), "recording")
	if _, err := f.WriteAt(data, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("memory file: %w", err), f.Close())
	}
	return f, nil
}
