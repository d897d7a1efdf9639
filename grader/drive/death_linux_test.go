package drive_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/drive"
	"wirelab/labenv"
)

// die makes a call that the program does not survive.
func die[E error](t *testing.T, d *drive.Driver, method string, args ...any) E {
	t.Helper()
	_, err := d.Call(t.Context(), method, args...)
	var want E
	require.ErrorAs(t, err, &want)
	_, again := d.Call(t.Context(), "Nothing")
	assert.Equal(t, err, again, "every later call gives the same reason")
	return want
}

func TestCrashes(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		args   []any
		panic  string
		frame  string
		text   string
		code   int
	}{
		"panic": {
			method: "Panic", args: []any{[]int{1, 2}}, code: 2,
			panic: "panic: runtime error: index out of range [3] with length 2",
			frame: `^exercises/awful/awful_linux.go:\d+ in third$`,
			text:  "the program ended: panic: runtime error: index out of range [3] with length 2, at exercises/awful/",
		},
		"panic in a goroutine of its own": {
			method: "PanicElsewhere", code: 2,
			panic: "panic: two\n\tlines", frame: `in PanicElsewhere.func1$`, text: "the program ended: panic: ",
		},
		"panic in the error's text": {
			method: "PanicInError", code: 2,
			panic: "panic: runtime error: invalid memory address or nil pointer dereference",
			frame: `in \(\*hollow\).Error$`, text: "the program ended: panic: ",
		},
		"stack overflow": {
			method: "Overflow", args: []any{0}, code: 2,
			panic: "fatal error: stack overflow", frame: `in Overflow$`, text: "the program ended: fatal error: stack overflow, at",
		},
		"exit 0": {method: "Exit", args: []any{0}, text: "the program ended: it exited with status 0"},
		"exit 7": {method: "Exit", args: []any{7}, code: 7, text: "the program ended: it exited with status 7"},
		"signal": {method: "Kill", args: []any{9}, code: -1, text: "the program ended: it was killed by SIGKILL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, drive.Limits{}, labenv.Exit{Refused: []string{"fork", "socket(AF_PACKET)"}})
			crash := die[*drive.CrashError](t, d, c.method, c.args...)
			assert.Equal(t, c.panic, crash.Panic)
			assert.Equal(t, c.code, crash.Exit.Code)
			assert.Equal(t, []string{"fork", "socket(AF_PACKET)"}, crash.Refused)
			assert.Contains(t, crash.Error(), c.text)
			assert.Contains(t, crash.Error(), "; the sandbox had refused fork, socket(AF_PACKET)")
			if c.frame == "" {
				assert.Empty(t, crash.Stack)
			} else {
				require.NotEmpty(t, crash.Stack)
				assert.Regexp(t, c.frame, crash.Stack[0])
			}
		})
	}
}

func TestMemoryIsNamed(t *testing.T) {
	d := open(t, drive.Limits{}, labenv.Exit{Memory: true})
	crash := die[*drive.CrashError](t, d, "Kill", 9)
	assert.Equal(t, "the program ended: it used too much memory", crash.Error())
}

func TestStartReportsEarlyDeaths(t *testing.T) {
	for begin, want := range map[string]string{
		"panic": "the program ended: panic: too early, at exercises/awful/awful_linux.go:",
		"exit":  "the program ended: it exited with status 0",
		"hang":  "no answer after ",
		"write": `something other than the driver wrote to the grader's channel (descriptor 3): "{}"`,
	} {
		t.Run(begin, func(t *testing.T) {
			t.Parallel()
			limits := drive.Limits{Start: patient}
			if begin == "hang" {
				limits.Start = hasty
			}
			_, err := drive.Start(t.Context(), start(t, begin, labenv.Exit{}), limits)
			require.ErrorContains(t, err, want)
			assert.NotEmpty(t, death(err))
		})
	}
}

func TestStartHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := drive.Start(ctx, start(t, "hang", labenv.Exit{}), drive.Limits{Start: patient})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, death(err), "whoever gave up, it was not the learner")
}

func TestHangs(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		args   []any
		stack  []string // the functions of the frames
	}{
		"waiting":          {method: "Hang", args: []any{40}, stack: []string{"Hang", "worker"}},
		"busy":             {method: "Spin", stack: []string{"Spin"}},
		"deaf to SIGQUIT":  {method: "HangDeaf"},
		"stopped, SIGSTOP": {method: "Kill", args: []any{19}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, drive.Limits{Call: hasty}, labenv.Exit{Refused: []string{"fork"}})
			hang := die[*drive.HangError](t, d, c.method, c.args...)
			assert.GreaterOrEqual(t, hang.After, hasty)
			assert.Equal(t, []string{"fork"}, hang.Refused)
			var functions []string
			for _, frame := range hang.Stack {
				_, function, _ := strings.Cut(frame, " in ")
				functions = append(functions, function)
			}
			assert.Equal(t, c.stack, functions)
			assert.Empty(t, d.Output().Text, "the dump is not the learner's output")
		})
	}
}

// A call may take as long as its context, and the limit more.
func TestLimitIsCountedFromTheContextsEnd(t *testing.T) {
	t.Parallel()
	d := open(t, drive.Limits{Call: 2 * hasty}, labenv.Exit{})
	ctx, cancel := context.WithTimeout(t.Context(), 3*hasty)
	defer cancel()
	r, err := d.Call(ctx, "Wait")
	require.NoError(t, err)
	assert.ErrorIs(t, r.Err, context.DeadlineExceeded)
	_, err = d.Call(ctx, "Hang", 0)
	assert.Equal(t, "hang", death(err))
}

func TestTampering(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		args   []any
		line   string
	}{
		"a line":                  {"Write", []any{"hello\n"}, "hello"},
		"a part of a line":        {"Write", []any{"hello "}, "hello "},
		"a forged answer":         {"Replay", nil, `{"jsonrpc":"2.0","id":2,"result":{"results":["OPEN"]}}`},
		"the channel closed":      {"CloseChannel", nil, ""},
		"the descriptor replaced": {"ReplaceChannel", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, drive.Limits{}, labenv.Exit{Refused: []string{"fork"}})
			tamper := die[*drive.TamperError](t, d, c.method, c.args...)
			assert.Equal(t, c.line == "", tamper.Closed)
			if tamper.Closed {
				assert.Empty(t, tamper.Line)
				assert.Contains(t, tamper.Error(), "closed the grader's channel")
			} else {
				assert.True(t, strings.HasPrefix(tamper.Line, c.line), tamper.Line)
			}
			assert.Equal(t, []string{"fork"}, tamper.Refused)
		})
	}
}

func TestFloods(t *testing.T) {
	t.Run("output", func(t *testing.T) {
		t.Parallel()
		d := open(t, drive.Limits{}, labenv.Exit{})
		flood := die[*drive.FloodError](t, d, "Print", []byte("0123456789abcdef"), 1<<20, true)
		assert.Equal(t, "the program wrote more than 8388608 bytes to its output", flood.Error())
	})
	t.Run("an answer", func(t *testing.T) {
		t.Parallel()
		d := open(t, drive.Limits{}, labenv.Exit{})
		assert.Len(t, call(t, d, "Big", 8<<20-100).Results[0], 8<<20-98)
		flood := die[*drive.FloodError](t, d, "Big", 8<<20)
		assert.Equal(t, "the program wrote more than 8388608 bytes to one line of the grader's channel", flood.Error())
	})
	t.Run("a line without an end", func(t *testing.T) {
		t.Parallel()
		d := open(t, drive.Limits{Message: 1000}, labenv.Exit{})
		_ = die[*drive.FloodError](t, d, "Write", strings.Repeat("x", 2000))
	})
}

func TestOutputLeavesTheTraceOut(t *testing.T) {
	for name, c := range map[string]struct {
		printed int
		text    string
	}{
		"little printed": {0, "about to fail\n"},
		"much printed":   {4 << 20, strings.Repeat("x", 100) + "\n... 4194118 bytes left out ...\n" + strings.Repeat("x", 86) + "about to fail\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, drive.Limits{Output: 200}, labenv.Exit{})
			crash := die[*drive.CrashError](t, d, "PrintThenPanic", c.printed)
			assert.Equal(t, "panic: failed", crash.Panic)
			assert.Equal(t, c.text, d.Output().Text)
		})
	}
}
