package labtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
)

// Numbers of Linux signals (signal(7)); the suite may run elsewhere.
const (
	sigKill = 9
	sigUsr1 = 10
	sigXcpu = 24
)

// alone starts a lab without ports and a program in its seat.
func (s suite) alone(t *testing.T, refine func(*labenv.Program)) (bench, *program) {
	t.Helper()
	b := s.lab(t, plan.New(50).Plan())
	return b, b.run(t, refine)
}

// A program gets its arguments, a channel on descriptor 3, and nothing else:
// no environment (environ(7)) and nothing to read on stdin.
func (s suite) surroundings(t *testing.T) {
	args := []string{"-x", "", "two words", "ünïcode\n"}
	_, prog := s.alone(t, func(p *labenv.Program) { p.Args = args })
	r := prog.do(t, orders.Request{Do: orders.Describe})
	assert.Empty(t, r.Err)
	assert.Equal(t, args, r.Args)
	assert.Empty(t, r.Env)
	assert.Empty(t, r.Data, "stdin")
}

// A file that is no program is refused with an error (execveat(2), ENOEXEC),
// and the lab goes on.
func (s suite) noProgram(t *testing.T) {
	b, _ := s.alone(t, nil)
	text, err := os.Create(filepath.Join(t.TempDir(), "text"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, text.Close()) })
	_, err = text.WriteString("hello\n")
	require.NoError(t, err)
	p, err := b.tryRun(t.Context(), func(p *labenv.Program) { p.Exe = text })
	require.Error(t, err)
	assert.Nil(t, p)
	b.run(t, nil).do(t, orders.Request{Do: orders.Describe})
}

// What a program prints arrives whole, stdout and stderr apart (stdio(3)).
func (s suite) prints(t *testing.T) {
	_, prog := s.alone(t, nil)
	out, err := bytes.Repeat([]byte("out\x00"), 100_000), []byte("err\n")
	require.Empty(t, prog.do(t, orders.Request{Do: orders.Print, Data: out, Text: err}).Err)
	prog.order(t, orders.Request{Do: orders.Exit})
	assert.Equal(t, labenv.Exit{}, prog.wait(t))
	assert.Equal(t, out, <-prog.stdout)
	assert.Equal(t, err, <-prog.stderr)
}

// The exit status is reported (wait(2)), to everyone who waits and as often as
// they ask.
func (s suite) ends(t *testing.T) {
	for _, status := range []int{0, 1, 77, 255} {
		_, prog := s.alone(t, nil)
		prog.order(t, orders.Request{Do: orders.Exit, Number: status})
		for range 2 {
			assert.Equal(t, labenv.Exit{Code: status}, prog.wait(t))
		}
		require.NoError(t, prog.Signal(t.Context(), sigKill), "a signal to a program that has ended")
	}
}

// A program reads EOF from its channel once the other end is closed (unix(7)).
func (s suite) channelEnds(t *testing.T) {
	_, prog := s.alone(t, nil)
	require.NoError(t, prog.Channel().Close())
	assert.Equal(t, labenv.Exit{}, prog.wait(t), "seatprog ends with its channel")
}

// Signals reach the program, and the one that ends it is reported (signal(7)).
func (s suite) signals(t *testing.T) {
	_, prog := s.alone(t, nil)
	require.Empty(t, prog.do(t, orders.Request{Do: orders.Catch, Number: sigUsr1}).Err)
	require.NoError(t, prog.Signal(t.Context(), sigUsr1))
	assert.Equal(t, sigUsr1, prog.do(t, orders.Request{Do: orders.Caught}).Number)
	require.NoError(t, prog.Signal(t.Context(), sigKill))
	assert.Equal(t, labenv.Exit{Code: -1, Signal: sigKill}, prog.wait(t))
}

// A program's descriptors are counted without its help (proc_pid_fd(5)).
func (s suite) descriptors(t *testing.T) {
	_, prog := s.alone(t, nil)
	before, err := prog.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3}, before, "it starts with those that it was given")
	require.Equal(t, 4, prog.do(t, orders.Request{Do: orders.Open, Number: 4}).Number)
	after, err := prog.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, after)
}

// A program cannot open more descriptors than Limits allow (getrlimit(2),
// RLIMIT_NOFILE).
func (s suite) limitedDescriptors(t *testing.T) {
	_, prog := s.alone(t, limits(labenv.Limits{Descriptors: 20}))
	r := prog.do(t, orders.Request{Do: orders.Open, Number: 100})
	assert.Equal(t, "EMFILE", r.Err)
	fds, err := prog.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Len(t, fds, 20)
}

// The limit can be lowered while the program runs, and does not touch what is
// open (prlimit(2)).
func (s suite) lowersDescriptors(t *testing.T) {
	_, prog := s.alone(t, nil)
	require.Equal(t, 10, prog.do(t, orders.Request{Do: orders.Open, Number: 10}).Number)
	require.NoError(t, prog.LimitDescriptors(t.Context(), 30))
	assert.Equal(t, "EMFILE", prog.do(t, orders.Request{Do: orders.Open, Number: 100}).Err)
	fds, err := prog.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Len(t, fds, 30)
	require.NoError(t, prog.LimitDescriptors(t.Context(), 5))
	assert.Equal(t, "EMFILE", prog.do(t, orders.Request{Do: orders.Open, Number: 1}).Err)
	fds, err = prog.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Len(t, fds, 30)
}

// A program that uses more memory than Limits allow is ended, and its Exit
// says why (getrlimit(2), RLIMIT_DATA; proc_pid_statm(5)).
func (s suite) limitedMemory(t *testing.T) {
	const limit = 64 // MiB
	_, prog := s.alone(t, limits(labenv.Limits{Memory: limit << 20}))
	require.Equal(t, limit/4, prog.do(t, orders.Request{Do: orders.Allocate, Number: limit / 4}).Number, "a quarter is allowed")
	prog.order(t, orders.Request{Do: orders.Allocate, Number: 4 * limit})
	exit := prog.wait(t)
	assert.True(t, exit.Memory, "%+v, %s", exit, <-prog.stderr)
}

// A program that uses more CPU time than Limits allow is ended (getrlimit(2),
// RLIMIT_CPU).
func (s suite) limitedCPU(t *testing.T) {
	_, prog := s.alone(t, limits(labenv.Limits{CPU: time.Second}))
	prog.order(t, orders.Request{Do: orders.Spin})
	exit := prog.wait(t)
	assert.Equal(t, -1, exit.Code)
	assert.Contains(t, []int{sigKill, sigXcpu}, exit.Signal)
	assert.False(t, exit.Memory)
}

// Several programs run in one seat at once and do not disturb one another
// (pid_namespaces(7)).
func (s suite) severalPrograms(t *testing.T) {
	d := plan.New(51)
	p := d.Port(plan.Echo)
	b := s.lab(t, d.Plan())
	programs := make([]*program, 5)
	for i := range programs {
		programs[i] = b.run(t, nil)
		conn := programs[i].connect(t, b.target(p))
		programs[i].say(t, conn, string(rune('a'+i)))
	}
	require.NoError(t, programs[0].Close())
	for i, prog := range programs[1:] {
		assert.Equal(t, string(rune('b'+i)), string(prog.receive(t, 1, 1, patience).Data))
	}
}
