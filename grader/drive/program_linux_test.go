package drive_test

import (
	"bufio"
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/drive"
	"wirelab/labenv"
)

func watch(t *testing.T, limits drive.Limits, exit labenv.Exit, args ...string) *drive.Program {
	t.Helper()
	if limits.Call == 0 {
		limits.Call = patient
	}
	p := drive.Watch(time.Now(), launch(t, exit, append([]string{asProgram}, args...)...), limits)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestAProgramPrintsAndEnds(t *testing.T) {
	for _, status := range []int{0, 1, 2, 77} {
		p := watch(t, drive.Limits{}, labenv.Exit{Refused: []string{"fork"}}, "print", "out\x01\n", "err\r\n", strconv.Itoa(status))
		e, err := p.Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "out\x01\n", e.Stdout)
		assert.Equal(t, "err\r\n", e.Stderr)
		assert.Equal(t, status, e.Code)
		assert.Positive(t, e.Took)
		assert.Contains(t, p.Output().Text, "out\x01\n")
		again, err := p.Wait(t.Context())
		require.NoError(t, err)
		assert.Equal(t, e, again, "everybody who waits is told the same")
		refused, err := p.Refused()
		require.NoError(t, err)
		assert.Equal(t, []string{"fork"}, refused)
	}
}

// What a program prints is kept whole, where a driver's output is cut.
func TestAProgramPrintsMuch(t *testing.T) {
	p := watch(t, drive.Limits{}, labenv.Exit{}, "print", strings.Repeat("0123456789\n", 10_000), "", "0")
	e, err := p.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("0123456789\n", 10_000), e.Stdout)
}

func TestAProgramCrashes(t *testing.T) {
	p := watch(t, drive.Limits{}, labenv.Exit{}, "panic")
	_, err := p.Wait(t.Context())
	var crash *drive.CrashError
	require.ErrorAs(t, err, &crash)
	assert.Equal(t, "panic: runtime error: index out of range [3] with length 2", crash.Panic)
	assert.Contains(t, strings.Join(crash.Stack, "\n"), "in Main")
}

// Exit status 2 is a crash's, and a usage error's as well: the words decide.
func TestAnExitIsNoCrash(t *testing.T) {
	p := watch(t, drive.Limits{}, labenv.Exit{}, "print", "", "panic: I do not know this flag\n", "2")
	e, err := p.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, e.Code)
}

func TestAProgramUsesTooMuchMemory(t *testing.T) {
	p := watch(t, drive.Limits{}, labenv.Exit{Memory: true}, "print", "", "", "1")
	_, err := p.Wait(t.Context())
	var crash *drive.CrashError
	require.ErrorAs(t, err, &crash)
	assert.True(t, crash.Exit.Memory)
}

func TestAProgramHangs(t *testing.T) {
	p := watch(t, drive.Limits{Call: hasty}, labenv.Exit{}, "wait")
	_, err := p.Wait(t.Context())
	var hang *drive.HangError
	require.ErrorAs(t, err, &hang)
	assert.Equal(t, hasty, hang.After)
	assert.Contains(t, strings.Join(hang.Stack, "\n"), "in Main")
}

func TestAProgramFloods(t *testing.T) {
	p := watch(t, drive.Limits{Flood: 1 << 20}, labenv.Exit{}, "flood")
	_, err := p.Wait(t.Context())
	var flood *drive.FloodError
	require.ErrorAs(t, err, &flood)
	assert.EqualValues(t, 1<<20, flood.Limit)
}

// A program is interrupted as by Ctrl-C, and what it then does is its own affair.
func TestAProgramIsInterrupted(t *testing.T) {
	out := launch(t, labenv.Exit{}, asProgram, "interrupted")
	ready := bufio.NewReader(out.stdout)
	_, err := ready.ReadString('\n')
	require.NoError(t, err)
	p := drive.Watch(time.Now(), out, drive.Limits{Call: patient})
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	require.NoError(t, p.Interrupt(t.Context()))
	e, err := p.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, e.Code)
	assert.Equal(t, "interrupted\n", e.Stderr)
}

func TestWaitingForAProgramIsGivenUp(t *testing.T) {
	p := watch(t, drive.Limits{}, labenv.Exit{}, "wait")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := p.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, p.Close())
	_, err = p.Wait(t.Context())
	require.ErrorIs(t, err, drive.ErrClosed)
}
