package draft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	probe "wirelab/exercises/06_probe"
	"wirelab/exercises/port"
)

const (
	// defaultWorkers is for callers who leave the number to us.
	defaultWorkers = 100
	// mostWorkers keeps below the descriptors that a process usually may have.
	mostWorkers = 200
)

// Scan asks each of ports on host once, no more than opt.Workers at once, and
// returns the verdicts sorted by port. When ctx ends it returns promptly with
// the verdicts known so far and ctx's error. A port that could not be judged for
// another cause is named in the error, and the others' verdicts are returned.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	switch {
	case !host.IsValid():
		return nil, errors.New("scan: there is no host to scan")
	case opt.Timeout <= 0:
		return nil, fmt.Errorf("scan %v: a timeout of %v leaves no time for an answer", host, opt.Timeout)
	}
	ports = slices.Compact(slices.Sorted(slices.Values(ports)))
	s := &scan{host: host.Unmap(), opt: opt, queue: ports, ctx: ctx}
	s.freed = sync.NewCond(&s.mu)
	var workers sync.WaitGroup
	for range s.workers() {
		workers.Go(s.work)
	}
	workers.Wait()
	slices.SortFunc(s.results, func(a, b port.Result) int { return cmp.Compare(a.Port, b.Port) })
	return s.results, errors.Join(s.ended, errors.Join(s.failures...))
}

// scan is one scan under way.
type scan struct {
	host netip.Addr
	opt  Options
	ctx  context.Context

	mu       sync.Mutex // guards what follows
	freed    *sync.Cond // a question has been answered
	queue    []uint16   // ports yet to be asked
	asking   int        // ports in question
	results  []port.Result
	failures []error
	ended    error // ctx's, if it cut the scan short
}

func (s *scan) workers() int {
	n := s.opt.Workers
	if n <= 0 {
		n = defaultWorkers
	}
	return min(n, mostWorkers, len(s.queue))
}

// work asks ports until none is left.
func (s *scan) work() {
	for p, ok := s.next(); ok; p, ok = s.next() {
		r, err := probe.Probe(s.ctx, netip.AddrPortFrom(s.host, p), s.opt.Timeout)
		s.take(p, r, err)
	}
}

// next takes a port off the queue.
func (s *scan) next() (uint16, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ctx.Err(); err != nil && len(s.queue) > 0 {
		s.ended, s.queue = err, nil
	}
	if len(s.queue) == 0 {
		return 0, false
	}
	p := s.queue[0]
	s.queue = s.queue[1:]
	s.asking++
	return p, true
}

// take files an answer. A port that found no descriptor was never asked: it goes
// back into the queue, once another question has been answered.
func (s *scan) take(p uint16, r port.Result, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asking--
	switch {
	case err == nil:
		s.results = append(s.results, r)
	case errors.Is(err, context.Canceled):
		s.ended, s.queue = context.Canceled, nil
	case errors.Is(err, context.DeadlineExceeded):
		s.ended, s.queue = context.DeadlineExceeded, nil
	case outOfDescriptors(err) && s.asking > 0:
		s.queue = append(s.queue, p)
		s.freed.Wait()
		return
	default:
		s.failures = append(s.failures, fmt.Errorf("port %d: %w", p, err))
	}
	s.freed.Broadcast()
}

func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
