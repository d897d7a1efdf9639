package check_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/drivers/serve"
	"wirelab/grader/exercise"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// world is what the labs of a test are like. Its programs run in memory and
// speak the driver's protocol; its recordings are written by hand.
type world struct {
	// functions are the learner's, by method. Each gets its arguments and the
	// program that it runs in.
	functions map[string]func(*program, []json.RawMessage) *serve.Answer
	// onStart, if set, is what the program does before it serves.
	onStart func(*program)
	// play, if set, is what a program does that is its own master.
	play func(*program, labenv.Program)
	// frames is what the target, and neighbour what the neighbour recorded.
	frames, neighbour []frame
	// doctor changes the recordings; nil changes nothing.
	doctor   func(*labenv.Captures) error
	open     []int // the program's descriptors
	labErr   error // of starting a lab
	startErr error // of starting a program
	closeErr error // of closing a lab

	mu      sync.Mutex
	plans   []plan.Plan
	limits  []int // what LimitDescriptors was called with
	closed  int   // labs closed so far
	kept    map[string][]byte
	keepErr error
}

// lab is a Maker.
func (w *world) lab(_ context.Context, p plan.Plan) (labenv.Lab, error) {
	if w.labErr != nil {
		return nil, w.labErr
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plans = append(w.plans, p)
	return &fakeLab{world: w, plan: p}, nil
}

// keep is a Runner's Keep.
func (w *world) keep(id string, pcapng []byte) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keepErr != nil {
		return "", w.keepErr
	}
	if w.kept == nil {
		w.kept = map[string][]byte{}
	}
	w.kept[id] = pcapng
	return "exercise/" + id + ".pcapng", nil
}

// runner returns a runner of the specs, each worth 2 points.
func (w *world) runner(specs ...check.Spec) *check.Runner {
	m := exercise.Manifest{ID: "06_probe"}
	for _, s := range specs {
		m.Checks = append(m.Checks, exercise.Check{ID: s.ID, Title: "title of " + s.ID, Points: 2, Lesson: "lesson of " + s.ID})
	}
	return &check.Runner{Exercise: m, Specs: specs, Lab: w.lab, Seed: 7, Keep: w.keep}
}

// run runs one check to its result.
func (w *world) run(t *testing.T, f func(*check.T)) check.Result {
	t.Helper()
	results, err := w.runner(check.Spec{ID: "the-check", Run: f}).Run(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 1)
	return results[0]
}

type fakeLab struct {
	world *world
	plan  plan.Plan
}

func (l *fakeLab) Plan() plan.Plan { return l.plan }

func (l *fakeLab) Start(_ context.Context, given labenv.Program) (labenv.Process, error) {
	if l.world.startErr != nil {
		return nil, l.world.startErr
	}
	return newProgram(l.world, given), nil
}

func (l *fakeLab) Converse(_ context.Context, clients []plan.Client) ([]plan.Talk, error) {
	return make([]plan.Talk, len(clients)), nil
}

func (l *fakeLab) Captures(context.Context) (labenv.Captures, error) {
	c := labenv.Captures{Target: record(l.world.frames), Neighbour: record(l.world.neighbour), Complete: true, Sync: nonce}
	if l.world.doctor == nil {
		return c, nil
	}
	err := l.world.doctor(&c)
	return c, err
}

func (l *fakeLab) Close() error {
	l.world.mu.Lock()
	defer l.world.mu.Unlock()
	l.world.closed++
	return l.world.closeErr
}

// program is a learner's program in memory.
type program struct {
	world          *world
	ours, theirs   net.Conn
	stdout, stderr *io.PipeReader
	out, err       *io.PipeWriter
	token          string
	writing        sync.Mutex

	ending sync.Once
	done   chan struct{}
	exit   labenv.Exit
}

func newProgram(w *world, given labenv.Program) *program {
	p := &program{world: w, done: make(chan struct{})}
	p.ours, p.theirs = net.Pipe()
	p.stdout, p.out = io.Pipe()
	p.stderr, p.err = io.Pipe()
	if w.play != nil {
		go w.play(p, given)
	} else {
		go p.main()
	}
	return p
}

// main is what package serve is in a real program.
func (p *program) main() {
	r := bufio.NewReader(p.theirs)
	token, err := r.ReadString('\n')
	if err != nil {
		return
	}
	p.token = strings.TrimSuffix(token, "\n")
	if p.world.onStart != nil {
		p.world.onStart(p)
	}
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params serve.Request   `json:"params"`
		}
		if json.Unmarshal(line, &m) == nil {
			go p.handle(m.ID, m.Method, m.Params.Args)
		}
	}
}

func (p *program) handle(id json.RawMessage, method string, args []json.RawMessage) {
	var result any
	switch method {
	case serve.MethodReady:
	case serve.MethodGoroutines:
		result = 4
	default:
		answer := p.world.functions[method](p, args)
		if answer == nil {
			return // it never answers
		}
		result = answer
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "result": result})
	if err != nil {
		panic(err)
	}
	p.say(p.token + " " + string(body))
}

// say writes a line to the grader's channel.
func (p *program) say(line string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	fmt.Fprintln(p.theirs, line)
}

// end ends the program; last is what it prints on standard error before.
func (p *program) end(exit labenv.Exit, last string) {
	p.ending.Do(func() {
		io.WriteString(p.err, last) //nolint:errcheck // the grader may have stopped reading
		p.exit = exit
		p.out.Close()
		p.err.Close()
		p.theirs.Close()
		close(p.done)
	})
}

func (p *program) Channel() io.ReadWriteCloser { return p.ours }
func (p *program) Stdout() io.Reader           { return p.stdout }
func (p *program) Stderr() io.Reader           { return p.stderr }

func (p *program) Descriptors(context.Context) ([]int, error) { return p.world.open, nil }

func (p *program) LimitDescriptors(_ context.Context, n int) error {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.world.limits = append(p.world.limits, n)
	return nil
}

// Signal ends the program as Go's runtime would: with its goroutines' stacks
// on SIGQUIT, without a word on SIGKILL.
func (p *program) Signal(_ context.Context, n int) error {
	const sigint, sigquit = 2, 3
	if n == sigint {
		p.end(labenv.Exit{Code: 1}, "interrupted\n")
		return nil
	}
	if n == sigquit {
		p.end(labenv.Exit{Code: 2, Refused: p.exit.Refused}, trace("SIGQUIT: quit"))
		return nil
	}
	p.end(labenv.Exit{Code: -1, Signal: n}, "")
	return nil
}

func (p *program) Wait(ctx context.Context) (labenv.Exit, error) {
	select {
	case <-p.done:
		return p.exit, nil
	case <-ctx.Done():
		return labenv.Exit{}, ctx.Err()
	}
}

func (p *program) Close() error {
	p.stdout.Close() // nobody reads any more
	p.stderr.Close()
	p.end(labenv.Exit{Code: -1, Signal: 9}, "")
	return p.ours.Close()
}

// trace is what Go's runtime prints of a goroutine that panics in Probe.
func trace(reason string) string {
	return reason + `

goroutine 7 [running]:
wirelab/exercises/06_probe.Probe({0x1, 0x2}, 0x3)
	wirelab/exercises/06_probe/probe.go:23 +0x1d
reflect.Value.call({0x1, 0x2, 0x3})
	reflect/value.go:581 +0xcc6
exit status 2
`
}
