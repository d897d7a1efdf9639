package wire_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/labenv/wire"
)

// FuzzRead reads foreign bytes twice: as a whole recording, and as one
// captured frame. Neither may panic, and whatever is read must hang together.
func FuzzRead(f *testing.F) {
	for _, tt := range verdicts {
		f.Add(written(f, record(tt.steps...)))
	}
	for _, k := range kinds {
		f.Add(k.frame)
	}
	sample, err := os.ReadFile("testdata/linux.pcapng")
	require.NoError(f, err)
	f.Add(sample)
	f.Fuzz(func(t *testing.T, b []byte) {
		if trace, err := wire.Read(b, nonce); err == nil {
			consistent(t, trace)
		} else if trace != nil {
			t.Fatal("a trace beside an error")
		}
		trace := read(t, v4.in("SYN", 100, 0), step{data: b}, step{sent: true, data: b})
		consistent(t, trace)
	})
}

// consistent checks what holds for every trace.
func consistent(t *testing.T, trace *wire.Trace) {
	number := 0
	for _, f := range trace.Frames {
		require.Greater(t, f.Number, number)
		number = f.Number
		require.NotEmpty(t, f.Summary())
		require.True(t, f.TCP == nil || f.TCP.Payload >= 0)
		require.True(t, f.UDP == nil || f.UDP.Payload >= 0)
	}
	for _, c := range trace.Conversations() {
		require.NotEmpty(t, c.Frames)
		state, reason, frame := c.Verdict()
		require.Equal(t, c.SYNs == 0, state == "")
		require.Equal(t, frame == nil, reason == port.NoResponse || reason == "")
		require.True(t, frame == nil || frame.Sent, "only the host decides")
	}
	most, at := trace.AtOnce(time.Second)
	require.LessOrEqual(t, most, len(trace.Conversations()))
	require.Equal(t, most == 0, at == nil)
	require.LessOrEqual(t, len(trace.Received()), len(trace.Frames))
}

// BenchmarkRead reads 100,000 frames: 50,000 ports that refuse.
func BenchmarkRead(b *testing.B) {
	var steps []step
	for i := range 50_000 {
		e := v4.on(40000, uint16(i+1))
		steps = append(steps, e.in("SYN", 1, 0), e.out("RST-ACK", 0, 2))
	}
	pcapng := written(b, record(steps...))
	b.SetBytes(int64(len(pcapng)))
	b.Run("frames", func(b *testing.B) {
		for b.Loop() {
			_, err := wire.Read(pcapng, nonce)
			require.NoError(b, err)
		}
	})
	b.Run("conversations", func(b *testing.B) {
		for b.Loop() {
			trace, err := wire.Read(bytes.Clone(pcapng), nonce)
			require.NoError(b, err)
			require.Len(b, trace.Conversations(), 50_000)
		}
	})
}
