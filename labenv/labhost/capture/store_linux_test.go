package capture

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"wirelab/labenv/wire"
)

// What a host records is what package wire would have written, to the byte.
func TestRecordingEqualsWires(t *testing.T) {
	var want bytes.Buffer
	w, err := wire.NewWriter(&want)
	require.NoError(t, err)
	s := newStore(maxRecording)
	at := time.Unix(1_700_000_000, 123_456_789)
	for n := range 70 {
		f := frame{time: at, kind: unix.PACKET_HOST, data: bytes.Repeat([]byte{byte(n)}, n), length: n + n%3}
		if n%2 == 1 {
			f.kind = unix.PACKET_OUTGOING
		}
		s.add(f)
		require.NoError(t, w.WriteFrame(at, n%2 == 1, f.data, f.length))
	}
	require.NoError(t, w.Flush())
	got, missing, err := s.snapshot()
	require.NoError(t, err)
	assert.Zero(t, missing)
	assert.Equal(t, want.Bytes(), got)
}

// So are the synchronisation frames, and they are recognised.
func TestSyncFrameEqualsWires(t *testing.T) {
	src, dst := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	assert.Equal(t, wire.SyncFrame(src, dst, 42), syncFrame(src, dst, 42))
	nonce, ok := syncNonce(frame{kind: unix.PACKET_HOST, data: syncFrame(src, dst, 42)})
	assert.True(t, ok)
	assert.EqualValues(t, 42, nonce)
	for _, kind := range []uint8{unix.PACKET_OUTGOING, unix.PACKET_OTHERHOST, unix.PACKET_BROADCAST} {
		_, ok := syncNonce(frame{kind: kind, data: syncFrame(src, dst, 42)})
		assert.False(t, ok, "a frame of kind %d proves nothing", kind)
	}
}

// A full recording counts what it lacks, and still takes the frames that close
// it. (Through Start this would take 64 MiB of frames.)
func TestStoreIsBounded(t *testing.T) {
	s := newStore(10_000)
	plain := frame{time: time.Now(), kind: unix.PACKET_OUTGOING, data: make([]byte, 1000), length: 1000}
	for range 20 {
		s.add(plain)
	}
	mac := make([]byte, 6)
	mark := wire.SyncFrame(mac, mac, 7)
	s.add(frame{time: time.Now(), kind: unix.PACKET_HOST, data: mark, length: len(mark)})
	require.NoError(t, s.await(t.Context(), 7, 1))

	pcapng, missing, err := s.snapshot()
	require.NoError(t, err)
	assert.EqualValues(t, 11, missing)
	assert.Less(t, len(pcapng), 10_000+1000)
	_, err = wire.Read(pcapng, 7)
	require.NoError(t, err)
	r, err := pcapgo.NewNgReader(bytes.NewReader(pcapng), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	_, _, err = r.ReadPacketData()
	assert.NoError(t, err)
}

// Nonces that somebody made up do not pile up, and do not hide a real one.
func TestStoreForgetsOldNonces(t *testing.T) {
	s := newStore(1 << 20)
	mac := make([]byte, 6)
	for n := range uint64(3 * maxNonces) {
		mark := wire.SyncFrame(mac, mac, n)
		s.add(frame{time: time.Now(), kind: unix.PACKET_HOST, data: mark, length: len(mark)})
	}
	assert.Len(t, s.nonces, maxNonces)
	assert.NoError(t, s.await(t.Context(), 3*maxNonces-1, 1))
}

// A snapshot stays as it was while the recording goes on.
func TestSnapshotIsStable(t *testing.T) {
	s := newStore(1 << 20)
	f := frame{time: time.Now(), data: make([]byte, 100), length: 100}
	s.add(f)
	first, _, err := s.snapshot()
	require.NoError(t, err)
	kept := bytes.Clone(first)
	for range 1000 {
		s.add(f)
	}
	later, _, err := s.snapshot()
	require.NoError(t, err)
	assert.Equal(t, kept, first)
	assert.True(t, bytes.HasPrefix(later, first))
	assert.Greater(t, len(later), len(first))
}
