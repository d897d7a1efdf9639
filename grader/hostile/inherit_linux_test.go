package hostile_test

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"wirelab/grader/check"
	"wirelab/grader/stage"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// secret is a variable of the kit's environment that TestMain sets.
const secret = "WIRELAB_SECRET"

// alone builds a program of one's own, below whatever reads submissions.
func alone(t *testing.T, source string) *os.File {
	t.Helper()
	tree := stage.Tree{Replace: map[string][]byte{"grader/drivers/attack/main.go": []byte(source)}}
	return theirs(t).compile(t, "./grader/drivers/attack", tree)
}

// output runs a program in the seat to its end and returns what it printed.
func output(t *testing.T, program labenv.Program, guards ...sandbox.Guard) (string, labenv.Exit) {
	t.Helper()
	p, err := theirs(t).lab(t, plan.New(7).Plan(), guards...).Start(t.Context(), program)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	text, err := io.ReadAll(p.Stdout())
	require.NoError(t, err)
	exit, err := p.Wait(t.Context())
	require.NoError(t, err)
	return string(text), exit
}

func TestNothingIsInherited(t *testing.T) {
	t.Parallel()
	program := alone(t, `package main

import (
	"fmt"
	"os"
)

func main() { fmt.Print(os.Args[1:], os.Environ()) }
`)
	got, exit := output(t, labenv.Program{Exe: program})
	assert.Equal(t, "[] []", got)
	assert.Empty(t, exit.Refused)

	control := exec.Command("/proc/self/fd/3", "argument")
	control.ExtraFiles = []*os.File{program}
	out, err := control.Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "[argument]")
	assert.Contains(t, string(out), secret+"=")
}

// The descriptors are /dev/null, two pipes, the channel, and what Go's own
// poller opens. The control has one more, which the attack finds.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	r := theirs(t).judge(t, attack{file: "inherited"}.build(t), usual)
	assert.Equal(t, check.Pass, r.Status, r.Message)
	assert.NotContains(t, r.Output, "got ")
	assert.Contains(t, r.Output, "descriptor 3: mode 140777")
}

// A program that keeps the processor busy ends when its time is used up.
func TestProcessorTime(t *testing.T) {
	t.Parallel()
	program := alone(t, `package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func main() {
	var used unix.Rusage
	for used.Utime.Nano()+used.Stime.Nano() < 1600e6 {
		unix.Getrusage(unix.RUSAGE_SELF, &used)
	}
	fmt.Print("got 1.6 seconds")
}
`)
	one := labenv.Program{Exe: program, Limits: labenv.Limits{CPU: time.Second}}
	got, exit := output(t, one)
	assert.Empty(t, got)
	assert.Equal(t, int(unix.SIGXCPU), exit.Signal)
	got, exit = output(t, one, limits)
	assert.Equal(t, "got 1.6 seconds", got, "control")
	assert.Zero(t, exit.Code)
}

// Go's runtime and library ask the system for this and that by themselves, and
// nobody is blamed for it.
func TestGoodManners(t *testing.T) {
	t.Parallel()
	r := theirs(t).judge(t, attack{file: "manners"}.build(t), usual)
	assert.Equal(t, check.Pass, r.Status, r.Message)
	assert.Contains(t, r.Output, `heard "an echo", <nil>`)
}

// The one who does nothing passes every check: what fails elsewhere here is the
// attack.
func TestNoAttack(t *testing.T) {
	t.Parallel()
	k := theirs(t)
	program := attack{file: "none"}.build(t)
	for _, c := range k.manifest.Checks {
		r := k.judge(t, program, c.ID)
		assert.Equal(t, check.Pass, r.Status, "%s: %s", c.ID, r.Message)
	}
}
