package check

import (
	"fmt"
	"maps"
	"time"

	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// Command is one run of the learner's program, where the exercise is one.
type Command struct {
	Args []string
	// Files and Terminal are labenv.Program's. The seat's /etc/resolv.conf is
	// there as well: it names the target as the DNS server (resolv.conf(5)).
	Files    map[string][]byte
	Terminal bool
	// Says is how the run is shown: "netprobe -p 22 10.77.0.10".
	Says string
}

// Run is a run of the learner's program.
type Run struct {
	bench   *Bench
	command Command
	program *drive.Program
}

// EmptySeat starts a lab that plays p, in whose seat the learner's program can be
// run. It closes the lab, and ends what runs, after the check.
func (t *T) EmptySeat(p plan.Plan) *Bench {
	t.takeTurn()
	defer t.giveTurn()
	return t.emptySeat(p)
}

// Launch starts the learner's program.
func (b *Bench) Launch(c Command) *Run {
	files := map[string][]byte{"/etc/resolv.conf": fmt.Appendf(nil, "nameserver %v\n", b.plan.Target.Addr)}
	maps.Copy(files, c.Files)
	b.t.Step("ran %s", c.Says)
	began := time.Now()
	process := b.start(labenv.Program{Args: c.Args, Files: files, Terminal: c.Terminal})
	r := &Run{bench: b, command: c, program: drive.Watch(began, process, drive.Limits{Call: b.t.patience})}
	b.runs = append(b.runs, r)
	return r
}

// Run runs the learner's program to its end.
func (b *Bench) Run(c Command) drive.Ended { return b.Launch(c).Wait() }

// Interrupt sends the program SIGINT, as Ctrl-C does.
func (r *Run) Interrupt() {
	r.bench.t.Step("pressed Ctrl-C: sent it SIGINT")
	if err := r.program.Interrupt(r.bench.t.ctx); err != nil {
		r.bench.t.Broken(fmt.Errorf("interrupt the learner's program: %w", err))
	}
}

// Stderr returns what the program has printed on stderr so far.
func (r *Run) Stderr() string { return r.program.Stderr() }

// Wait waits for the program's end. A program that crashes, hangs or floods
// fails the check right here, in plain words.
func (r *Run) Wait() drive.Ended {
	t := r.bench.t
	e, err := r.program.Wait(t.ctx)
	if err != nil {
		t.died(r.command.Says+" had ended", err)
	}
	t.Step("it ended with exit status %d after %v", e.Code, e.Took.Round(time.Millisecond))
	return e
}
