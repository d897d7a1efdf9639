package wire_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/wire"
)

func TestPastSYN(t *testing.T) {
	for _, tt := range []struct {
		name   string
		steps  []step
		number int // of the frame; 0 where there is none
	}{
		{"a SYN", []step{v4.in("SYN", 1, 0)}, 0},
		{"a SYN, answered and reset", []step{v4.in("SYN", 1, 0), v4.out("SYN-ACK", 9, 2), v4.in("RST", 2, 0)}, 0},
		{"a SYN that was sent again", []step{v4.in("SYN", 1, 0), v4.in("SYN", 1, 0)}, 0},
		{"the host's own segments", []step{v4.in("SYN", 1, 0), v4.out("RST-ACK", 0, 2)}, 0},
		{"an ICMP error", []step{v4.in("SYN", 1, 0), v4.unreach(3, 1, 1)}, 0},
		{"a handshake that is completed", []step{v4.in("SYN", 1, 0), v4.out("SYN-ACK", 9, 2), v4.in("ACK", 2, 10)}, 3},
		{"a SYN with data", []step{v4.in("SYN", 1, 0, 'x')}, 1},
		{"a RST with data", []step{v4.in("SYN", 1, 0), v4.in("RST", 2, 0, 'x')}, 2},
		{"a FIN", []step{v6.in("SYN", 1, 0), v6.out("SYN-ACK", 9, 2), v6.in("FIN-ACK", 2, 10)}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := read(t, tt.steps...).Conversations()
			require.Len(t, all, 1)
			got := all[0].PastSYN()
			if tt.number == 0 {
				assert.Nil(t, got)
				return
			}
			require.NotNil(t, got)
			assert.Equal(t, tt.number, got.Number)
		})
	}
}

func TestQuestions(t *testing.T) {
	trace := read(t, v4.in("SYN", 1, 0), v4.out("SYN-ACK", 9, 2), v4.in("ACK", 2, 10), v6.in("SYN", 7, 0), v4.in("SYN", 1, 0), v4.in("SYN-ACK", 3, 4), v4.out("SYN", 5, 0))
	var seqs []uint32
	for _, f := range trace.Questions() {
		seqs = append(seqs, f.TCP.Seq)
	}
	assert.Equal(t, []uint32{1, 7, 1}, seqs)
	assert.Empty(t, read(t).Questions())
}

// TestDamaged: a wrong checksum is seen, over both families, and only where
// the whole segment is there to be summed up.
func TestDamaged(t *testing.T) {
	const checksum4, checksum6 = 14 + 20 + 16, 14 + 40 + 16
	v4SYN, v6SYN := v4.in("SYN", 1, 0, 'o', 'd', 'd').data, v6.in("SYN", 1, 0).data
	wrong := func(frame []byte, at int) []byte { return patch(frame, at, frame[at]^0xff) }
	for _, tt := range []struct {
		name    string
		frame   []byte
		damaged bool
	}{
		{"right", v4SYN, false},
		{"right, IPv6", v6SYN, false},
		{"wrong", wrong(v4SYN, checksum4), true},
		{"wrong, IPv6", wrong(v6SYN, checksum6), true},
		{"another number", patch(v4SYN, 14+20+4, 9), true},
		{"cut short", wrong(v4SYN, checksum4)[:14+20+20+2], false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trace := read(t, step{data: tt.frame})
			require.NotNil(t, trace.Frames[0].TCP)
			assert.Equal(t, tt.damaged, trace.Frames[0].TCP.Damaged)
		})
	}
}

// TestGreatRecordings are decoded in parts: the frames are those of a small
// one, in the same order, and synchronisation frames are found in every part.
func TestGreatRecordings(t *testing.T) {
	const frames = 30_000
	steps := make([]step, frames)
	for i := range steps {
		steps[i] = v4.in("SYN", uint32(i), 0)
		if i%1000 == 0 {
			steps[i] = step{data: syncFrame(7)}
		}
	}
	trace := read(t, steps...)
	require.Len(t, trace.Frames, frames-frames/1000)
	for _, f := range trace.Frames {
		require.NotNil(t, f.TCP)
		require.EqualValues(t, f.Number-1, f.TCP.Seq)
	}
	_, err := wire.Read(written(t, record(steps...)), nonce+1)
	require.ErrorIs(t, err, wire.ErrNotSynced)
}
