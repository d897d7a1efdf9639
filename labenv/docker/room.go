package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/plan"
)

// room is a set of containers that labs use one after the other.
type room struct {
	engine    *engine
	net       *member // holds the seat's network, for the seat itself may not change it
	target    *member
	neighbour *member
	labs      int // that it has served

	mu    sync.Mutex
	seats map[bool]*seat // by whether they have CAP_NET_RAW
}

// seat is a container that learners' programs run in.
type seat struct {
	*member
	mu      sync.Mutex
	program string // SHA-256 of the program that it has
}

var (
	wiring = []string{"NET_ADMIN"}
	hosts  = []string{"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"}
)

// startRoom starts a room: first the container whose network and PIDs others
// share, then these, side by side.
func (e *engine) startRoom(ctx context.Context) (*room, error) {
	r := &room{engine: e, seats: map[bool]*seat{}}
	var err error
	r.net, err = e.start(ctx, role{name: "network", caps: wiring, sysctls: seatSysctls(), bounds: hostBounds()})
	if err != nil {
		return nil, err
	}
	var errs [3]error
	var wait sync.WaitGroup
	host := func(name string) (*member, error) {
		return e.start(ctx, role{name: name, caps: hosts, pids: r.net.id, sysctls: hostSysctls(), bounds: hostBounds()})
	}
	wait.Go(func() { r.target, errs[0] = host("target") })
	wait.Go(func() { r.neighbour, errs[1] = host("neighbour") })
	wait.Go(func() { _, errs[2] = r.seat(ctx, false) })
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// seat returns the seat with or without CAP_NET_RAW. The engine gives that to
// root of a container alone.
func (r *room) seat(ctx context.Context, raw bool) (*seat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.seats[raw]; ok {
		return s, nil
	}
	what := role{name: "seat", user: nobody(), network: r.net.id, bounds: seatBounds()}
	if raw {
		what.user, what.caps = "", []string{"NET_RAW"}
	}
	m, err := r.engine.start(ctx, what)
	if err != nil {
		return nil, err
	}
	s := &seat{member: m}
	r.seats[raw] = s
	return s, nil
}

// seatAddresses is how many addresses the seats of one room take in turn.
const seatAddresses = 100

// address gives a plan's seat the next address. What the last lab's programs
// left half closed cannot send from the old one any more.
func (r *room) address(p plan.Plan) plan.Plan {
	step := r.labs % seatAddresses
	r.labs++
	p.Seat.Addr, p.Seat.Addr6 = after(p.Seat.Addr, step), after(p.Seat.Addr6, step)
	return p
}

// after returns the address that comes n after a.
func after(a netip.Addr, n int) netip.Addr {
	for range n {
		a = a.Next()
	}
	return a
}

// play wires the containers and starts the hosts.
func (r *room) play(ctx context.Context, p plan.Plan) error {
	err := r.target.Do(ctx, relay.Wire, []relay.Link{
		{Host: p.Target, PID: r.target.pid},
		{Host: p.Neighbour, PID: r.neighbour.pid},
		{Host: p.Seat, PID: r.net.pid},
	}, nil)
	if err != nil {
		return err
	}
	zone := []plan.Host{p.Target, p.Neighbour, p.Seat}
	return all(
		func() error { return r.target.Do(ctx, relay.Play, relay.PlayRequest{Host: p.Target, Zone: zone}, nil) },
		func() error {
			return r.neighbour.Do(ctx, relay.Play, relay.PlayRequest{Host: p.Neighbour, Zone: zone}, nil)
		},
		func() error { return r.net.Do(ctx, relay.Configure, p.Seat, nil) },
		func() error { return r.target.Do(ctx, relay.Up, nil, nil) },
	)
}

// resetTimeout bounds the end of a lab.
const resetTimeout = 20 * time.Second

// reset makes the room as it was before the lab. What the programs' ends still
// send is gone with the wires.
func (r *room) reset(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resetTimeout)
	defer cancel()
	err := all( // each takes the kernel some 50 ms
		func() error { return r.target.Do(ctx, relay.Stop, nil, nil) },
		func() error { return r.neighbour.Do(ctx, relay.Stop, nil, nil) },
		func() error { return r.target.Do(ctx, relay.Unwire, nil, nil) },
	)
	if err != nil {
		return fmt.Errorf("clear the lab's containers: %w", err)
	}
	return nil
}

// close removes the containers.
func (r *room) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	members := []*member{r.target, r.neighbour}
	for _, s := range r.seats {
		members = append(members, s.member)
	}
	var ends []func() error
	for _, m := range members {
		if m != nil {
			ends = append(ends, m.close)
		}
	}
	return errors.Join(all(ends...), r.net.close())
}

// all runs functions side by side and returns their errors.
func all(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wait sync.WaitGroup
	for i, f := range fs {
		wait.Go(func() { errs[i] = f() })
	}
	wait.Wait()
	return errors.Join(errs...)
}
