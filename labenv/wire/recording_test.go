package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"wirelab/labenv/wire"
)

// recorded is a frame as it was handed to a Writer or came out of a reader.
type recorded struct {
	Nano   int64
	Sent   bool
	Data   []byte
	Length int
}

func drawRecorded(t *rapid.T) recorded {
	data := rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "data")
	return recorded{
		Nano:   rapid.Int64Range(0, math.MaxInt64).Draw(t, "time"),
		Sent:   rapid.Bool().Draw(t, "sent"),
		Data:   data,
		Length: len(data) + rapid.IntRange(0, 9000).Draw(t, "cut"),
	}
}

// TestWriterRoundTrip holds Writer against pcapgo's own reader: nothing is
// lost, nanoseconds included, and the interfaces have their names.
func TestWriterRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.Custom(drawRecorded), 0, 10).Draw(t, "frames")
		r, err := pcapgo.NewNgReader(bytes.NewReader(written(t, frames)), pcapgo.DefaultNgReaderOptions)
		require.NoError(t, err)
		for _, want := range frames {
			data, info, err := r.ReadPacketData()
			require.NoError(t, err)
			require.Equal(t, want, recorded{info.Timestamp.UnixNano(), info.InterfaceIndex == 1, data, info.Length})
		}
		_, _, err = r.ReadPacketData()
		require.ErrorIs(t, err, io.EOF)
	})
}

// TestReadRoundTrip holds Read against Writer: whatever bytes were captured,
// each frame comes out once, in order, with its number, time and direction.
func TestReadRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.Custom(drawRecorded), 0, 10).Draw(t, "frames")
		trace, err := wire.Read(written(t, append(frames, synced)), nonce)
		require.NoError(t, err)
		require.Len(t, trace.Frames, len(frames))
		for i, f := range trace.Frames {
			require.Equal(t, i+1, f.Number)
			require.Equal(t, frames[i].Nano, f.Time.UnixNano())
			require.Equal(t, frames[i].Sent, f.Sent)
			require.Equal(t, frames[i].Length, f.Length)
		}
	})
}

// What Strip leaves is a whole recording, with the frames that were not picked,
// and closed by its synchronisation frame.
func TestStrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.Custom(drawRecorded), 0, 10).Draw(t, "frames")
		drop := rapid.SampledFrom([]func(bool) bool{
			func(sent bool) bool { return sent }, func(sent bool) bool { return !sent }, func(bool) bool { return true },
		}).Draw(t, "drop")
		stripped, err := wire.Strip(written(t, append(slices.Clone(frames), synced)), drop)
		require.NoError(t, err)
		kept := slices.DeleteFunc(frames, func(f recorded) bool { return drop(f.Sent) })
		require.Equal(t, written(t, append(kept, synced)), stripped)
	})
	_, err := wire.Strip([]byte("no recording"), func(bool) bool { return true })
	assert.ErrorIs(t, err, wire.ErrMalformed)
}

func TestInterfaces(t *testing.T) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(written(t, nil)), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	_, _, err = r.ReadPacketData()
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 2, r.NInterfaces())
	for i, name := range []string{"received", "sent"} {
		got, err := r.Interface(i)
		require.NoError(t, err)
		assert.Equal(t, name, got.Name)
		assert.Equal(t, layers.LinkTypeEthernet, got.LinkType)
		assert.Equal(t, pcapgo.NgResolution(9), got.TimestampResolution)
	}
}

func TestWriteFrameRefusesAFrameLongerThanItsLength(t *testing.T) {
	w, err := wire.NewWriter(io.Discard)
	require.NoError(t, err)
	assert.Error(t, w.WriteFrame(epoch, true, make([]byte, 60), 59))
}

var errDisk = errors.New("no space")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errDisk }

func TestFlushReportsWhatTheWriterReports(t *testing.T) {
	w, err := wire.NewWriter(fullDisk{})
	require.NoError(t, err)
	assert.ErrorIs(t, w.Flush(), errDisk)
}

func TestSyncFrame(t *testing.T) {
	src, dst := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	got := wire.SyncFrame(src, dst, 0x0102030405060708)
	want := append(append([]byte{}, dst...), src...)
	want = append(want, 0x88, 0xB5)
	want = append(want, wire.SyncMagic...)
	want = append(want, 1, 2, 3, 4, 5, 6, 7, 8)
	want = append(want, make([]byte, 60-len(want))...)
	assert.Equal(t, want, got)
}

// written returns a recording of the frames.
func written(t require.TestingT, frames []recorded) []byte {
	var b bytes.Buffer
	w, err := wire.NewWriter(&b)
	require.NoError(t, err)
	for _, f := range frames {
		require.NoError(t, w.WriteFrame(time.Unix(0, f.Nano), f.Sent, f.Data, f.Length))
	}
	require.NoError(t, w.Flush())
	return b.Bytes()
}

// synced is the frame that ends a recording with nonce.
var synced = recorded{Nano: epoch.UnixNano(), Data: syncFrame(nonce), Length: len(syncFrame(nonce))}

func syncFrame(nonce uint64) []byte { return wire.SyncFrame(peerMAC, hostMAC, nonce) }
