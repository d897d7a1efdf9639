package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	probe "wirelab/exercises/06_probe"
	"wirelab/exercises/port"
)

// defaultWorkers is enough to wait for many silent ports together, and few
// enough for any machine.
const defaultWorkers = 100

// namedFailures is how many ports an error names before it only counts them.
const namedFailures = 10

// Scan asks each of ports on host once, no more than opt.Workers at once, and
// returns the verdicts sorted by port. A port that is listed twice is asked
// once. No ports are no work and no error.
//
// When ctx ends, Scan returns promptly with the verdicts known so far and an
// error that matches ctx.Err. A port that could not be judged for another
// cause is named in the error; the others' verdicts are returned all the same.
// Too few descriptors make a scan slower and fail nothing, as long as there is
// one to be had.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	if len(ports) == 0 {
		return nil, nil
	}
	if !host.IsValid() {
		return nil, errors.New("scan: there is no host to ask")
	}
	if opt.Timeout <= 0 {
		return nil, fmt.Errorf("scan %v: a timeout of %v leaves no time for an answer", host, opt.Timeout)
	}
	s := newSweep(host, ports, opt)
	s.run(ctx)
	return s.outcome()
}

// A sweep is one scan under way. The goroutine that runs it hands out ports
// and takes in answers, and owns every field; workers share nothing with it
// but the two channels.
type sweep struct {
	host    netip.Addr
	timeout time.Duration
	workers int

	asked   chan uint16 // to the workers; has room for every port in flight
	answers chan answer // from the workers, one for each port asked

	queue    []uint16 // ports yet to be asked
	inFlight int      // ports asked whose answer is yet to come
	room     int      // how many may be in flight, 1 to workers

	results []port.Result
	failed  []answer // ports without a verdict, ctx having no part in it
	stopped error    // why the scan was cut short: Canceled, DeadlineExceeded or nil
}

// An answer is what became of one port: a verdict, or an error.
type answer struct {
	port   uint16
	result port.Result
	err    error
}

func newSweep(host netip.Addr, ports []uint16, opt Options) *sweep {
	queue := slices.Clone(ports)
	slices.Sort(queue)
	queue = slices.Compact(queue)

	workers := opt.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	workers = min(workers, len(queue), descriptors())
	return &sweep{
		host:    host.Unmap(),
		timeout: opt.Timeout,
		workers: workers,
		asked:   make(chan uint16, workers),
		answers: make(chan answer, workers),
		queue:   queue,
		room:    workers,
		results: make([]port.Result, 0, len(queue)),
	}
}

// run asks every port in the queue, and returns when the last worker has ended.
func (s *sweep) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() { s.work(ctx) })
	}
	for s.handOut(ctx); s.inFlight > 0; s.handOut(ctx) {
		s.take(<-s.answers)
	}
	close(s.asked)
	workers.Wait()
}

// work probes what it is handed until no more ports come.
func (s *sweep) work(ctx context.Context) {
	for p := range s.asked {
		r, err := probe.Probe(ctx, netip.AddrPortFrom(s.host, p), s.timeout)
		s.answers <- answer{port: p, result: r, err: err}
	}
}

// handOut gives the workers as many ports as there is room for. It never
// blocks: the channel holds as many ports as may be in flight.
func (s *sweep) handOut(ctx context.Context) {
	if err := ctx.Err(); err != nil && len(s.queue) > 0 {
		s.stop(err)
	}
	for len(s.queue) > 0 && s.inFlight < s.room {
		s.asked <- s.queue[0]
		s.queue = s.queue[1:]
		s.inFlight++
	}
}

// take files one answer. A probe that found no descriptor was never sent: its
// port goes back into the queue, and until another probe has ended nothing more
// is handed out than did fit. A probe that finds none while it is alone waits
// for nobody, and fails.
func (s *sweep) take(a answer) {
	s.inFlight--
	switch {
	case a.err == nil:
		s.results = append(s.results, a.result)
		s.room = min(s.room+1, s.workers)
	case errors.Is(a.err, context.Canceled):
		s.stop(context.Canceled)
	case errors.Is(a.err, context.DeadlineExceeded):
		s.stop(context.DeadlineExceeded)
	case outOfDescriptors(a.err) && s.inFlight > 0:
		s.queue = append(s.queue, a.port)
		s.room = s.inFlight
	default:
		s.failed = append(s.failed, a)
	}
}

func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// stop asks no further ports. Those in flight are still taken in: their probes
// know of the end as well, and hurry.
func (s *sweep) stop(err error) {
	s.stopped = err
	s.queue = nil
}

// outcome returns the verdicts in order, and why some are missing.
func (s *sweep) outcome() ([]port.Result, error) {
	slices.SortFunc(s.results, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return s.results, errors.Join(s.stopped, s.failures())
}

// failures names the ports that could not be judged, the lowest first, and
// counts those beyond namedFailures.
func (s *sweep) failures() error {
	slices.SortFunc(s.failed, func(a, b answer) int { return cmp.Compare(a.port, b.port) })
	var errs []error
	for i, a := range s.failed {
		if i == namedFailures {
			errs = append(errs, fmt.Errorf("and %d more ports without a verdict", len(s.failed)-i))
			break
		}
		errs = append(errs, fmt.Errorf("port %d: %w", a.port, a.err))
	}
	return errors.Join(errs...)
}
