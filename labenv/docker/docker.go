// Package docker makes labs of containers, started with testcontainers-go, on
// whatever engine that finds (DOCKER_HOST, contexts, rootless ones, Docker
// Desktop). Each lab has a container for the target, one for the neighbour, one
// for the seat, and one that holds the seat's network; all run the program
// labhost from an image FROM scratch.
//
// The containers are in no network of the engine's: the target's joins them by
// a bridge of its own (package container), so that neither the host nor anybody
// else's network is within reach, and no range of addresses is taken.
//
// Containers take most of a second to start. So the set that one lab used, its
// room, serves the next: with new wires, new hosts, an empty recording, and
// another address for the seat, so that nothing of the last lab can be heard in
// the next. Labs serves one submission, or one author.
package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// Config says how to make labs.
type Config struct {
	// Labhost is the path of the program labhost. Where the engine's machine
	// has another processor than it is for, the program for that one lies
	// beside it: labhost-arm64, labhost-amd64.
	Labhost string
	// Guards are for tests that take a guard away; the zero value is all.
	Guards sandbox.Guards
	// Rooms is how many sets of containers are started at once to begin with;
	// 0 starts the first when it is needed.
	Rooms int
}

const (
	// startTimeout bounds the start of a lab's containers, on a busy engine.
	startTimeout = 60 * time.Second
	// patience is how long a lab waits at least for a room that another one
	// uses, before it has a new one started.
	patience = 700 * time.Millisecond
	// fewRooms is how many rooms are started without waiting. More would keep
	// a small machine from using the first.
	fewRooms = 2
)

// Labs makes labs and keeps their rooms for the next.
type Labs struct {
	cfg    Config
	engine *engine
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // rooms that are being started or ended

	mu       sync.Mutex
	rooms    int           // that exist or are being started
	starting int           // that are being started
	took     time.Duration // what it took to start the last
	waiting  int           // labs that wait for one
	idle     chan *room    // for the next lab
	fault    chan error    // of a room that could not be started
	errs     []error       // of rooms that could not be removed
}

// maxRooms bounds the rooms of one Labs.
const maxRooms = 64

// Open connects to the engine and makes sure that it has the image. Errors
// match labenv.ErrUnavailable where no lab can be had, and say what to do.
func Open(ctx context.Context, cfg Config) (*Labs, error) {
	e, err := connect(ctx, cfg.Labhost)
	if err != nil {
		return nil, err
	}
	l := &Labs{cfg: cfg, engine: e, idle: make(chan *room, maxRooms), fault: make(chan error, maxRooms)}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.begin(cfg.Rooms)
	return l, nil
}

// Engine describes the engine in words: its version and where it is.
func (l *Labs) Engine() string { return l.engine.String() }

// Arch is the processor of the engine's machine, as GOARCH has it.
func (l *Labs) Arch() string { return l.engine.arch }

// Image is the name of the image that the containers are made of.
func (l *Labs) Image() string { return l.engine.image }

// begin has rooms started until there are that many.
func (l *Labs) begin(most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.rooms < most && l.ctx.Err() == nil {
		l.rooms++
		l.starting++
		l.work.Go(l.start)
	}
}

// start starts a room.
func (l *Labs) start() {
	ctx, cancel := context.WithTimeout(l.ctx, startTimeout)
	defer cancel()
	begun := time.Now()
	r, err := l.engine.startRoom(ctx)
	l.mu.Lock()
	l.starting--
	l.took = time.Since(begun)
	if err != nil {
		l.rooms--
	}
	l.mu.Unlock()
	if err != nil {
		l.fault <- err
		return
	}
	l.idle <- r
}

// more returns how many rooms there should be for the labs that wait now.
func (l *Labs) more(most int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(most, l.rooms+max(0, l.waiting-l.starting))
}

// wait takes note of labs that wait, or do no longer.
func (l *Labs) wait(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting += n
}

// patience returns how long a lab waits for a room before it has one started:
// about what that takes, for until then one that is in use is likely to be free
// again. As long as none was started it is not known, and few are enough.
func (l *Labs) patience() (d time.Duration, most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.took == 0 {
		return patience, fewRooms
	}
	return max(patience, l.took), maxRooms
}

// take returns a room for one lab.
func (l *Labs) take(ctx context.Context) (*room, error) {
	select {
	case r := <-l.idle:
		return r, nil
	default:
	}
	l.wait(1)
	defer l.wait(-1)
	l.begin(l.more(fewRooms))
	for {
		long, most := l.patience()
		select {
		case r := <-l.idle:
			return r, nil
		case err := <-l.fault:
			return nil, err
		case <-time.After(long):
			l.begin(l.more(most))
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lab's containers: %w", ctx.Err())
		case <-l.ctx.Done():
			return nil, labenv.ErrClosed
		}
	}
}

// giveBack keeps a room for the next lab, if it is as good as new; err says why
// it is not. Such a room ends, and nobody is the worse for it.
func (l *Labs) giveBack(r *room, err error) {
	if err == nil && l.ctx.Err() == nil {
		l.idle <- r
		return
	}
	err = r.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rooms--
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

// Start starts a lab that plays p: Labs.Start is a labenv.Maker.
func (l *Labs) Start(ctx context.Context, p plan.Plan) (labenv.Lab, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the lab: %w", err)
	}
	r, err := l.take(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the lab: %w", err)
	}
	started := &lab{labs: l, room: r, plan: r.address(p), processes: map[*process]bool{}}
	started.ctx, started.cancel = context.WithCancel(l.ctx)
	if err := r.play(ctx, started.plan); err != nil {
		// What was half done is nothing to build on.
		l.giveBack(r, err)
		return nil, fmt.Errorf("start the lab: %w", err)
	}
	return started, nil
}

// Close ends all labs and removes every container.
func (l *Labs) Close() error {
	l.mu.Lock()
	l.cancel()
	l.mu.Unlock()
	l.work.Wait()
	var ends []func() error
	for len(l.idle) > 0 {
		ends = append(ends, (<-l.idle).close)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(errors.Join(l.errs...), all(ends...), l.engine.close())
}
