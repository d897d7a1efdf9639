package check

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// callLimit is how long a call may take beyond its own context, unless the
// runner or the check has another limit (Runner.Patience, T.Patience).
const callLimit = 5 * time.Second

// Bench is one lab with the learner's program in its seat: one that serves
// functions, or the runs of one that is its own master.
type Bench struct {
	t       *T
	plan    plan.Plan // the truth, with the addresses that the lab uses
	lab     labenv.Lab
	process labenv.Process // of the program that serves; nil where there is none
	driver  *drive.Driver
	runs    []*Run
	refused []string // what the sandbox refused the program, once it has ended
}

// Bench starts a lab that plays p, and the learner's program in it, which
// serves calls. It closes both after the check.
func (t *T) Bench(p plan.Plan) *Bench {
	b := t.seat(p)
	var err error
	b.driver, err = drive.Start(t.ctx, b.process, drive.Limits{Call: t.patience})
	if err != nil {
		t.died("it had started", err)
	}
	return b
}

// seat starts a lab and the program, when it is this check's turn. Whether the
// program then serves is its own affair, and keeps nobody waiting.
func (t *T) seat(p plan.Plan) *Bench {
	t.takeTurn()
	defer t.giveTurn()
	b := t.emptySeat(p)
	b.process = b.start(labenv.Program{})
	return b
}

// emptySeat starts a lab, whose seat is empty.
func (t *T) emptySeat(p plan.Plan) *Bench {
	b := &Bench{t: t, lab: t.lab(p)}
	t.benches = append(t.benches, b)
	b.plan = b.lab.Plan()
	return b
}

// start starts the learner's program.
func (b *Bench) start(p labenv.Program) labenv.Process {
	p.Exe, p.NetRaw = b.t.runner.Program, b.t.runner.Exercise.NetRaw
	process, err := b.lab.Start(b.t.ctx, p)
	if err != nil {
		b.t.Broken(fmt.Errorf("start the learner's program: %w", err))
	}
	return process
}

// Target is the address of a port of the target's.
func (b *Bench) Target(p plan.Port) netip.AddrPort {
	return netip.AddrPortFrom(b.plan.Target.Addr, p.Number)
}

// Target6 is its IPv6 address.
func (b *Bench) Target6(p plan.Port) netip.AddrPort {
	return netip.AddrPortFrom(b.plan.Target.Addr6, p.Number)
}

// Host is the target's address, Host6 its IPv6 address.
func (b *Bench) Host() netip.Addr { return b.plan.Target.Addr }

// Host6 is the target's IPv6 address.
func (b *Bench) Host6() netip.Addr { return b.plan.Target.Addr6 }

// Neighbour returns the neighbour's addresses, which are out of scope.
func (b *Bench) Neighbour() (addr, addr6 netip.Addr) {
	return b.plan.Neighbour.Addr, b.plan.Neighbour.Addr6
}

// Call is one call of a function of the learner's.
type Call struct {
	// Context is the call's, as the learner's function sees it; nil is the
	// check's own.
	Context context.Context
	Method  string
	Args    []any
	// Says is how the call is shown: "Probe(10.77.0.10:9001, timeout 300ms)".
	Says string
	// Quiet leaves the call out of the action log: it is one of hundreds.
	Quiet bool
}

// Call makes one call. A program that dies, hangs or tampers fails the check
// right here, in plain words.
func (b *Bench) Call(c Call) *drive.Reply {
	return b.CallAll(c)[0]
}

// CallAll makes calls side by side and returns their replies in order.
func (b *Bench) CallAll(calls ...Call) []*drive.Reply {
	replies, errs := make([]*drive.Reply, len(calls)), make([]error, len(calls))
	var wait sync.WaitGroup
	for i, c := range calls {
		if !c.Quiet {
			b.t.Step("called %s", c.Says)
		}
		wait.Go(func() {
			ctx := c.Context
			if ctx == nil {
				ctx = b.t.ctx
			}
			replies[i], errs[i] = b.driver.Call(ctx, c.Method, c.Args...)
		})
	}
	wait.Wait()
	for i, c := range calls {
		if errs[i] != nil {
			b.t.died(c.Method+" had returned", errs[i])
		}
		if len(calls) <= maxSteps && !c.Quiet {
			b.t.Step("%s %s", c.Method, returned(replies[i]))
		}
	}
	return replies
}

// maxSteps is how many calls side by side are worth a line each for what they
// returned.
const maxSteps = 8

// returned says how a call ended.
func returned(r *drive.Reply) string {
	if r.Err != nil {
		return fmt.Sprintf("returned the error %q after %v", r.Err.Text, r.Took.Round(time.Millisecond))
	}
	return fmt.Sprintf("returned after %v", r.Took.Round(time.Millisecond))
}

// died ends the check because the learner's program gave no answer; what is
// not the program's doing is the kit's error.
func (t *T) died(before string, err error) {
	var crash *drive.CrashError
	var hang *drive.HangError
	var tamper *drive.TamperError
	var flood *drive.FloodError
	switch {
	case errors.As(err, &crash):
		t.Failf("%s", crashed(crash, before))
	case errors.As(err, &hang):
		t.Failf("your program gave no answer for %v: it hangs%s", hang.After.Round(time.Second), details(hang.Stack, hang.Refused))
	case errors.As(err, &tamper):
		t.Failf("your program meddled with the grader's channel: %v", tamper)
	case errors.As(err, &flood):
		t.Failf("your program wrote too much: %v", flood)
	}
	t.Broken(fmt.Errorf("call the learner's program: %w", err))
}

// noThread is what Go's runtime says where it is refused another thread.
const noThread = "fatal error: newosproc"

// noMemory lists what Go's runtime says where it is refused more memory.
var noMemory = []string{"fatal error: runtime: out of memory", "fatal error: runtime: cannot allocate memory", "fatal error: out of memory"}

// cpuLimit is the signal for CPU time, SIGXCPU (signal(7)).
const cpuLimit = 24

func crashed(e *drive.CrashError, before string) string {
	var how string
	switch {
	case e.Exit.Memory, slices.ContainsFunc(noMemory, func(s string) bool { return strings.HasPrefix(e.Panic, s) }):
		how = fmt.Sprintf("your program used more memory than the %d MiB that it may, before %s", labenv.DefaultLimits.Memory>>20, before)
	case strings.HasPrefix(e.Panic, noThread):
		how = fmt.Sprintf("your program had more than the %d threads that it may have, before %s: every goroutine that blocks in a system call of its own takes one", labenv.DefaultLimits.Threads, before)
	case e.Exit.Signal == cpuLimit:
		how = fmt.Sprintf("your program used more than the %v of CPU time that it may, before %s", labenv.DefaultLimits.CPU, before)
	case e.Panic != "":
		how = fmt.Sprintf("your program crashed before %s\n%s", before, e.Panic)
	case e.Exit.Signal != 0:
		how = fmt.Sprintf("your program was killed by signal %d before %s", e.Exit.Signal, before)
	default:
		how = fmt.Sprintf("your program ended itself with exit status %d before %s: a function of a package must never call os.Exit", e.Exit.Code, before)
	}
	return how + details(e.Stack, e.Refused)
}

// details are the learner's own frames and what the sandbox refused.
func details(stack, refused []string) string {
	var s strings.Builder
	for _, f := range stack[:min(len(stack), 8)] {
		s.WriteString("\n  at " + f)
	}
	if len(refused) > 0 {
		s.WriteString("\n" + refusal(refused))
	}
	return s.String()
}

func refusal(calls []string) string {
	return "your program asked the system for what the exercise does not need, and was refused: " + strings.Join(calls, ", ")
}

// Descriptors counts what the program has open, from outside.
func (b *Bench) Descriptors() []int {
	fds, err := b.process.Descriptors(b.t.ctx)
	if err != nil {
		b.t.Broken(fmt.Errorf("count descriptors: %w", err))
	}
	return fds
}

// Starve leaves the program room for n more descriptors than it has open.
func (b *Bench) Starve(n int) {
	open := b.Descriptors()
	limit := 0
	for free := 0; ; limit++ {
		if !slices.Contains(open, limit) {
			if free == n {
				break
			}
			free++
		}
	}
	b.t.Step("limited the program to %d more open files", n)
	if err := b.process.LimitDescriptors(b.t.ctx, limit); err != nil {
		b.t.Broken(fmt.Errorf("limit descriptors: %w", err))
	}
}

// Goroutines counts the program's goroutines once their number is steady.
func (b *Bench) Goroutines() int {
	n, err := b.driver.Goroutines(b.t.ctx)
	if err != nil {
		b.t.died("its goroutines had been counted", err)
	}
	return n
}

// close ends program and lab, and takes what is known only then.
func (b *Bench) close() {
	b.end()
	b.t.blame(b.refused)
	b.record()
	b.t.note(b.lab.Close())
}

// record keeps the recording of a check that failed before it looked at any,
// such as one whose program crashed. It proves nothing by itself, so that it
// is no error if it cannot be had.
func (b *Bench) record() {
	if !b.t.failed || b.t.result.Capture != "" {
		return
	}
	raw, err := b.lab.Captures(b.t.ctx)
	if err == nil {
		b.t.note(b.t.store(raw))
	}
}

// end ends the program and takes what it printed and what it was refused.
// Ending it twice is no error.
func (b *Bench) end() {
	for _, r := range b.runs {
		b.settle(r.program)
	}
	switch {
	case b.driver != nil:
		b.settle(b.driver)
	case b.process != nil:
		b.t.note(b.process.Close())
	}
}

// watched is what can be known of a program once it is closed.
type watched interface {
	Close() error
	Output() drive.Output
	Refused() ([]string, error)
}

func (b *Bench) settle(w watched) {
	b.t.note(w.Close())
	if text := w.Output().Text; b.t.result.Output == "" {
		b.t.result.Output = text
	}
	refused, err := w.Refused()
	b.t.note(err)
	for _, call := range refused {
		if !slices.Contains(b.refused, call) {
			b.refused = append(b.refused, call)
		}
	}
}

// holdSandbox ends the program and fails the check if the sandbox had to
// refuse it anything. Right answers do not make up for that: whoever tries to
// fork, or to read a file, is told so.
func (b *Bench) holdSandbox() {
	b.end()
	if len(b.refused) > 0 {
		b.t.Failf("%s", refusal(b.refused))
	}
}

// blame adds what the sandbox refused to the message of a check that failed
// for another reason: it may well be the cause.
func (t *T) blame(refused []string) {
	if why := refusal(refused); t.failed && len(refused) > 0 && !strings.Contains(t.result.Message, why) {
		t.result.Message = strings.TrimSpace(t.result.Message + "\n" + why)
	}
}

// note keeps an error of the kit's that came too late to end the check.
func (t *T) note(err error) {
	if err != nil && t.broken == nil {
		t.broken = err
	}
}

// LimitDescriptors sets how many descriptors the program may have open.
func (b *Bench) LimitDescriptors(n int) {
	b.t.Step("limited the program to %d open files in all", n)
	if err := b.process.LimitDescriptors(b.t.ctx, n); err != nil {
		b.t.Broken(fmt.Errorf("limit descriptors: %w", err))
	}
}
