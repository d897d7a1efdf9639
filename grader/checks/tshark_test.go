//go:build tshark

package checks

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/testdata/captures"
)

// What the checks of 11 say is in a capture, and what tshark reads in it, are
// the same.
func TestCapturesAreWhatTsharkReads(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for name, make := range map[string]func(*rand.Rand) []capture{
		"pcap": pcapFiles, "pcapng": ngFiles, "times": timeFiles, "fields": fieldFiles, "links": linkFiles, "tags": tagFiles,
		"headers": headerFiles, "fragments": fragmentFiles, "payload": payloadFiles, "others": otherFiles,
	} {
		files := make(r)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range files {
				got := tshark(t, c.file)
				want := c.segments()
				require.Len(t, got, len(want), c.says)
				for i, s := range want {
					if name == "fragments" && got[i].Payload == unknown {
						s.Payload = unknown
					}
					assert.Equal(t, s, got[i], "%s: %s", c.says, c.of(s.Seq))
				}
			}
		})
	}
}

// What is noted of the recordings is what tshark counts.
func TestRecordingsAreWhatTsharkReads(t *testing.T) {
	all, err := captures.All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, rec := range all {
		assert.Len(t, tshark(t, rec.Data), rec.Segments, rec.Name)
	}
}

// tsharkFields are what tshark is asked for, in this order.
var tsharkFields = []string{
	"frame.time_epoch", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport",
	"tcp.flags.syn", "tcp.flags.ack", "tcp.flags.reset", "tcp.flags.fin", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "ip.ttl", "ipv6.hlim",
}

// unknown is the payload of a fragment: tshark does not say how long it is.
const unknown = -1

// tshark returns the segments that tshark sees, without those whose header was
// cut short, which it shows as far as they go.
func tshark(t *testing.T, file []byte) []segment {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capture")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	args := []string{
		"-n", "-r", path, "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
		"-Y", "tcp.seq_raw && !icmp && !icmpv6 && !_ws.short", "-T", "fields", "-E", "separator=;", "-E", "occurrence=f",
	}
	for _, f := range tsharkFields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir())
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []segment
	for line := range strings.Lines(string(out)) {
		all = append(all, fromTshark(t, strings.Split(strings.TrimRight(line, "\n"), ";")))
	}
	return all
}

func fromTshark(t *testing.T, f []string) segment {
	t.Helper()
	require.Len(t, f, len(tsharkFields))
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	end := func(four, six, port string) netip.AddrPort {
		addr, err := netip.ParseAddr(cmp.Or(four, six))
		require.NoError(t, err)
		return netip.AddrPortFrom(addr, uint16(number(port)))
	}
	var nanos int64 // of a packet without a time, 0
	if seconds, fraction, ok := strings.Cut(f[0], "."); ok {
		nanos = int64(number(seconds))*1e9 + int64(number((fraction + "000000000")[:9]))
	}
	payload := unknown
	if f[13] != "" {
		payload = number(f[13])
	}
	return segment{
		Nanos: nanos,
		Src:   end(f[1], f[2], f[5]), Dst: end(f[3], f[4], f[6]),
		SYN: f[7] == "1", ACK: f[8] == "1", RST: f[9] == "1", FIN: f[10] == "1",
		Seq: uint32(number(f[11])), Ack: uint32(number(f[12])), Payload: payload, TTL: uint8(number(cmp.Or(f[14], f[15]))),
	}
}
