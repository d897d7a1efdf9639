package check_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// command is a run of the tests' program.
var command = check.Command{
	Args: []string{"-p", "22"}, Files: map[string][]byte{"/list": []byte("a")}, Terminal: true, Says: "prog -p 22",
}

// printing is a program that tells what it was given, and ends.
func printing(exit labenv.Exit) func(*program, labenv.Program) {
	return func(p *program, given labenv.Program) {
		fmt.Fprintf(p.out, "%q %d %t", given.Args, len(given.Files), given.Terminal)
		p.end(exit, string(given.Files["/etc/resolv.conf"]))
	}
}

func TestRunsOfAProgram(t *testing.T) {
	w := &world{play: printing(labenv.Exit{Code: 3})}
	r := w.run(t, func(c *check.T) {
		b := c.EmptySeat(plan.New(1).Plan())
		for range 2 {
			e := b.Run(command)
			assert.Equal(t, 3, e.Code)
			assert.Equal(t, `["-p" "22"] 2 true`, e.Stdout)
			assert.Equal(t, "nameserver 10.77.0.10\n", e.Stderr)
		}
	})
	assert.Equal(t, check.Pass, r.Status, r.Message)
	assert.Equal(t, 1, w.closed)
}

func TestAProgramIsInterrupted(t *testing.T) {
	w := &world{play: func(p *program, _ labenv.Program) {
		fmt.Fprint(p.err, "scanning") // until it is interrupted
	}}
	r := w.run(t, func(c *check.T) {
		run := c.EmptySeat(plan.New(1).Plan()).Launch(command)
		assert.Eventually(t, func() bool { return run.Stderr() == "scanning" }, time.Minute, time.Millisecond)
		run.Interrupt()
		e := run.Wait()
		assert.Equal(t, 1, e.Code)
		assert.Equal(t, "scanninginterrupted\n", e.Stderr)
		c.Failf("to see the steps")
	})
	assert.Equal(t, "ran prog -p 22", r.Steps[0])
	assert.Equal(t, "pressed Ctrl-C: sent it SIGINT", r.Steps[1])
	assert.Contains(t, r.Steps[2], "it ended with exit status 1 after")
	assert.Equal(t, "scanninginterrupted\n", r.Output)
}

func TestRunsThatGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*program, labenv.Program)
		want string
	}{
		"crash": {
			func(p *program, _ labenv.Program) { p.end(labenv.Exit{Code: 2}, trace("panic: oh no")) },
			"your program crashed before prog -p 22 had ended\npanic: oh no",
		},
		"memory": {
			func(p *program, _ labenv.Program) { p.end(labenv.Exit{Code: -1, Signal: 9, Memory: true}, "") },
			"your program used more memory than the 512 MiB that it may",
		},
		"signal": {
			func(p *program, _ labenv.Program) { p.end(labenv.Exit{Code: -1, Signal: 11}, "") },
			"your program was killed by signal 11 before prog -p 22 had ended",
		},
		"hang":  {func(*program, labenv.Program) {}, "your program gave no answer for"},
		"flood": {func(p *program, _ labenv.Program) { flood(p.out) }, "your program wrote too much"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{play: c.play}
			r := w.run(t, func(k *check.T) {
				k.Patience(time.Second)
				if name != "hang" {
					k.Patience(time.Minute)
				}
				k.EmptySeat(plan.New(1).Plan()).Run(command)
			})
			assert.Equal(t, check.Fail, r.Status)
			assert.Contains(t, r.Message, c.want)
		})
	}
}

// flood writes until nobody reads any more.
func flood(to io.Writer) {
	for {
		if _, err := io.WriteString(to, strings.Repeat("flood\n", 1000)); err != nil {
			return
		}
	}
}

// What the sandbox refused any of the runs fails the check.
func TestRunsThatAreRefusedSomething(t *testing.T) {
	w := &world{play: printing(labenv.Exit{Refused: []string{"fork"}})}
	r := w.run(t, func(c *check.T) {
		b := c.EmptySeat(plan.New(1).Plan())
		b.Run(command)
		b.Run(command)
	})
	assert.Equal(t, check.Fail, r.Status)
	assert.Equal(t, "your program asked the system for what the exercise does not need, and was refused: fork", r.Message)
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	w := &world{startErr: errors.New("no room")}
	r := w.run(t, func(c *check.T) { c.EmptySeat(plan.New(1).Plan()).Run(command) })
	assert.Equal(t, check.Error, r.Status)
	assert.Contains(t, r.Message, "start the learner's program: no room")
}
