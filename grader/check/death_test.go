package check_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
	"wirelab/grader/drivers/serve"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// dies is a function that ends its program.
func dies(exit labenv.Exit, last string) func(*program, []json.RawMessage) *serve.Answer {
	return func(p *program, _ []json.RawMessage) *serve.Answer {
		p.end(exit, last)
		return nil
	}
}

// hangs is a function that never answers.
func hangs(*program, []json.RawMessage) *serve.Answer { return nil }

// tampers writes to the grader's channel past the driver.
func tampers(p *program, _ []json.RawMessage) *serve.Answer {
	p.say(`{"ok":true}`)
	return nil
}

// floods prints without end.
func floods(p *program, _ []json.RawMessage) *serve.Answer {
	for {
		if _, err := fmt.Fprintln(p.out, strings.Repeat("x", 1<<16)); err != nil {
			return nil
		}
	}
}

// However a program of the learner's ends, the check fails and says how, in
// words that a learner understands, with the learner's own frames.
func TestDeaths(t *testing.T) {
	at := "\n  at exercises/06_probe/probe.go:23 in Probe"
	for name, c := range map[string]struct {
		probe func(*program, []json.RawMessage) *serve.Answer
		says  string
	}{
		"panic": {dies(labenv.Exit{Code: 2}, trace("panic: runtime error: index out of range [3] with length 2")),
			"your program crashed before Probe had returned\npanic: runtime error: index out of range [3] with length 2" + at},
		"exit": {dies(labenv.Exit{Code: 0}, ""),
			"your program ended itself with exit status 0 before Probe had returned: a function of a package must never call os.Exit"},
		"memory": {dies(labenv.Exit{Code: -1, Signal: 9, Memory: true}, ""),
			"your program used more memory than the 512 MiB that it may, before Probe had returned"},
		"signal": {dies(labenv.Exit{Code: -1, Signal: 11}, ""), "your program was killed by signal 11 before Probe had returned"},
		"refused": {dies(labenv.Exit{Code: 1, Refused: []string{"fork", "socket(AF_PACKET)"}}, ""),
			"your program ended itself with exit status 1 before Probe had returned: a function of a package must never call os.Exit\n" +
				"your program asked the system for what the exercise does not need, and was refused: fork, socket(AF_PACKET)"},
		"hang": {hangs, "your program gave no answer for 0s: it hangs" + at},
		"tamper": {tampers, "your program meddled with the grader's channel: " +
			`something other than the driver wrote to the grader's channel (descriptor 3): "{\"ok\":true}"`},
		"flood": {floods, "your program wrote too much: the program wrote more than 8388608 bytes to its output"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{frames: []frame{whoHas(plan.SeatAddr, plan.TargetAddr)}, functions: map[string]func(*program, []json.RawMessage) *serve.Answer{"Probe": c.probe}}
			r := w.run(t, func(t *check.T) {
				if name == "hang" {
					t.Patience(50 * time.Millisecond)
				}
				t.Bench(t.Draft().Plan()).Call(check.Call{Method: "Probe", Says: "Probe(80)"})
				panic("the call of a dead program returned")
			})
			assert.Equal(t, check.Fail, r.Status)
			assert.Equal(t, c.says, r.Message)
			assert.Equal(t, "called Probe(80)", r.Steps[0])
			assert.Equal(t, 1, w.closed)
			assert.Equal(t, "exercise/the-check.pcapng", r.Capture, "what it sent before may tell why")
			assert.Equal(t, record(w.frames), w.kept["the-check"])
		})
	}
}

// A program may be dead before it can be asked anything.
func TestDeathAtTheStart(t *testing.T) {
	w := &world{onStart: func(p *program) { p.end(labenv.Exit{Code: 3}, "") }}
	r := w.run(t, func(t *check.T) { t.Bench(t.Draft().Plan()) })
	assert.Equal(t, check.Fail, r.Status)
	assert.Equal(t, "your program ended itself with exit status 3 before it had started: a function of a package must never call os.Exit", r.Message)
	assert.Equal(t, 1, w.closed)
}

func TestCalls(t *testing.T) {
	w := &world{functions: map[string]func(*program, []json.RawMessage) *serve.Answer{
		"Twice": func(p *program, args []json.RawMessage) *serve.Answer {
			fmt.Fprintln(p.out, "asked for", string(args[0]))
			return &serve.Answer{Results: []json.RawMessage{args[0], args[0]}}
		},
		"Fails": func(*program, []json.RawMessage) *serve.Answer {
			return &serve.Answer{Results: []json.RawMessage{[]byte("0")}, Failure: &serve.Failure{Text: "no such port", Is: []string{"context canceled"}}}
		},
	}}
	r := w.run(t, func(t *check.T) {
		b := t.Bench(t.Draft().Plan())
		replies := b.CallAll(check.Call{Method: "Twice", Args: []any{7}, Says: "Twice(7)"}, check.Call{Method: "Fails", Says: "Fails()"})
		var got int
		assert.NoError(t, replies[0].Decode(1, &got))
		assert.Equal(t, 7, got)
		assert.ErrorIs(t, replies[1].Err, context.Canceled)
		t.Failf("to see the steps")
	})
	assert.Equal(t, "to see the steps", r.Message)
	assert.Equal(t, "asked for 7\n", r.Output)
	if assert.Len(t, r.Steps, 4) {
		assert.Equal(t, []string{"called Twice(7)", "called Fails()"}, r.Steps[:2])
		assert.Regexp(t, `^Twice returned after \d`, r.Steps[2])
		assert.Regexp(t, `^Fails returned the error "no such port" after \d`, r.Steps[3])
	}
}

// Starve leaves room for as many descriptors as it says, wherever the gaps are.
func TestStarve(t *testing.T) {
	for _, c := range []struct {
		open  []int
		n     int
		limit int
	}{
		{[]int{0, 1, 2, 3}, 0, 4},
		{[]int{0, 1, 2, 3}, 2, 6},
		{[]int{0, 1, 3, 6}, 0, 2},
		{[]int{0, 1, 3, 6}, 1, 4},
		{[]int{0, 1, 3, 6}, 4, 8},
	} {
		w := &world{open: c.open}
		r := w.run(t, func(t *check.T) { t.Bench(t.Draft().Plan()).Starve(c.n) })
		assert.Equal(t, check.Pass, r.Status, r.Message)
		assert.Equal(t, []int{c.limit}, w.limits, "%v and %d more", c.open, c.n)
	}
}

func TestCountsComeFromTheProgram(t *testing.T) {
	w := &world{open: []int{0, 1, 2, 3, 7}}
	r := w.run(t, func(t *check.T) {
		b := t.Bench(t.Draft().Plan())
		assert.Equal(t, w.open, b.Descriptors())
		assert.Equal(t, 4, b.Goroutines())
		b.LimitDescriptors(256)
	})
	assert.Equal(t, check.Pass, r.Status, r.Message)
	assert.Equal(t, []int{256}, w.limits)
}
