package drive

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files below testdata/traces are what programs built as learners' are
// (static, -trimpath, -ldflags "-s -w") printed when they died.
func TestRecordedTraces(t *testing.T) {
	for file, want := range map[string]struct {
		reason string
		stack  []string
	}{
		"deadlock":        {"fatal error: all goroutines are asleep - deadlock!", []string{"exercises/06_probe/p.go:5 in Probe"}},
		"concurrent-maps": {"fatal error: concurrent map writes", []string{"exercises/06_probe/p.go:19 in fill"}},
		"nil-map":         {"panic: assignment to entry in nil map", []string{"exercises/06_probe/p.go:7 in Probe"}},
		"nil-pointer": {
			"panic: runtime error: invalid memory address or nil pointer dereference",
			[]string{"exercises/06_probe/p.go:8 in Probe.func1", "exercises/06_probe/p.go:8 in Probe"},
		},
		"repanic": {
			"panic: first [recovered, repanicked]",
			[]string{"exercises/06_probe/p.go:9 in Probe.func2", "exercises/06_probe/p.go:9 in Probe"},
		},
		"generic": {
			"panic: runtime error: index out of range [5] with length 0",
			[]string{"exercises/06_probe/p.go:18 in Gen[...]", "exercises/06_probe/p.go:11 in Probe"},
		},
		"out-of-memory": {
			"fatal error: out of memory allocating heap arena metadata",
			[]string{"exercises/06_probe/p.go:14 in Probe"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			printed, err := os.ReadFile(filepath.Join("testdata", "traces", file+".txt"))
			require.NoError(t, err)
			got := parseTrace(string(printed))
			assert.Equal(t, want.reason, got.reason)
			assert.Equal(t, want.stack, got.first())
			assert.Equal(t, "learner says hi\n", strings.TrimSuffix(string(printed), got.text))
		})
	}
}

const (
	learnersFrame = "wirelab/exercises/07_scan.(*scanner).work.func1(0xc000, {0x1, 0x2})\n\twirelab/exercises/07_scan/scan.go:31 +0x1d\n"
	goFrame       = "net.(*Dialer).Dial(...)\n\tnet/dial.go:12 +0x1\n"
	startedBy     = "created by wirelab/exercises/07_scan.Scan in goroutine 7\n\twirelab/exercises/07_scan/scan.go:20 +0x9\n"
	servingFrame  = "wirelab/grader/drivers/serve.(*server).serve(0xc00)\n\twirelab/grader/drivers/serve/serve.go:9 +0x2\n"
)

func TestTraces(t *testing.T) {
	for name, c := range map[string]struct {
		stderr     string
		reason     string
		first, all []string
	}{
		"nothing":         {stderr: ""},
		"no trace":        {stderr: "panic: is what I fear\nfatal error: none\n"},
		"a header alone":  {stderr: "goroutine 1 [running]:\n"},
		"only a position": {stderr: "goroutine 1 [running]:\n\twirelab/exercises/a/b.go:1", first: []string{"exercises/a/b.go:1 in "}, all: []string{"exercises/a/b.go:1 in "}},
		"a method's closure": {
			stderr: "panic: x\n\ngoroutine 9 [running]:\n" + learnersFrame, reason: "panic: x",
			first: []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
			all:   []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
		},
		"in Go's own code": {
			stderr: "panic: x\n\ngoroutine 9 [running]:\n" + goFrame + startedBy, reason: "panic: x",
			first: []string{"exercises/07_scan/scan.go:20 in Scan"}, all: []string{"exercises/07_scan/scan.go:20 in Scan"},
		},
		"who serves comes first": {
			stderr: "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\ngoroutine 9 [chan receive, 2 minutes]:\n" + learnersFrame + startedBy +
				"\ngoroutine 7 gp=0xc0 m=nil [select]:\nwirelab/exercises/07_scan.Scan()\n\twirelab/exercises/07_scan/scan.go:25 +0x1\n" + servingFrame,
			reason: "SIGQUIT: quit",
			first:  []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
			all:    []string{"exercises/07_scan/scan.go:25 in Scan", "exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
		},
		"the last of two": {
			stderr: "panic: printed by hand\n\ngoroutine 1 [running]:\n" + goFrame + "\npanic: meant\n\ngoroutine 9 [running]:\n" + learnersFrame,
			reason: "panic: meant",
			first:  []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
			all:    []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
		},
		"the beginning is lost": {
			stderr: "0x1d\n\ngoroutine 9 [select]:\n" + learnersFrame,
			first:  []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
			all:    []string{"exercises/07_scan/scan.go:31 in (*scanner).work.func1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := parseTrace(c.stderr)
			assert.Equal(t, c.reason, got.reason)
			assert.Equal(t, c.first, got.first())
			assert.Equal(t, c.all, got.all())
		})
	}
}

func FuzzTrace(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "traces", "*.txt"))
	require.NoError(f, err)
	for _, file := range files {
		printed, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(printed))
	}
	f.Fuzz(func(t *testing.T, stderr string) {
		got := parseTrace(stderr)
		assert.True(t, strings.HasSuffix(stderr, got.text))
		assert.LessOrEqual(t, len(got.reason), 3*maxReason)
		assert.LessOrEqual(t, len(got.first()), maxStack)
		assert.LessOrEqual(t, len(got.all()), maxStack)
		for _, s := range slices.Concat([]string{got.reason}, got.first(), got.all()) {
			assert.True(t, utf8.ValidString(s))
		}
		for _, frame := range slices.Concat(got.first(), got.all()) {
			assert.True(t, strings.HasPrefix(frame, "exercises/"), frame)
		}
	})
}
