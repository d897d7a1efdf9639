// Package network is a lab in one process: a bridge in a network namespace of
// its own, the hosts in theirs, played by package host, and the seat, whose
// namespaces belong to a user namespace below this one. The process is the
// first of its PID namespace, so that its end is the end of the lab; it ends
// when its socket closes, and the kernel ends it with the kit (PR_SET_PDEATHSIG).
package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/host"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// lab is what runs.
type lab struct {
	mu        sync.Mutex
	plan      plan.Plan
	target    *host.Host
	neighbour *host.Host
}

// Run serves one lab on conn until the other end closes it. It must be the
// first process of new user, PID, mount, network, IPC and UTS namespaces.
func Run(ctx context.Context, conn *net.UnixConn) error {
	// The keyboard's signals are for the programs in the seat.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGTTIN)
	l := &lab{}
	return fdrpc.Serve(ctx, conn, map[string]fdrpc.Handler{
		protocol.StartLab: l.start,
		protocol.Captures: l.captures,
		protocol.Converse: l.converse,
	})
}

// prepare gives the lab a /proc of its own: the host's shows other processes'
// namespaces and settings. On systems that restrict namespaces it is here that
// they refuse.
func prepare() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

// start builds the lab. What it makes lives as long as the process: a start
// that fails is followed by the end of it.
func (l *lab) start(ctx context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var r protocol.StartRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, nil, err
	}
	if l.target != nil {
		return nil, nil, errors.New("the lab runs already")
	}
	l.plan = r.Plan
	if err := prepare(); err != nil {
		return nil, nil, err
	}
	// The seat's process takes as long to start as the rest together.
	var s *seatProcess
	seat := begin(func() (ns netns.NsHandle, err error) {
		if s, err = startSeat(r.Seat); err != nil {
			return netns.None(), err
		}
		return s.namespace()
	})
	if err := l.startHosts(ctx, r.Plan, seat); err != nil {
		return nil, nil, err
	}
	if r.Seat.Interactive {
		if err := l.serveSeat(s); err != nil {
			return nil, nil, err
		}
	}
	return nil, []*os.File{s.socket}, nil
}

// startHosts makes the wires and starts both hosts.
func (l *lab) startHosts(ctx context.Context, p plan.Plan, seat namespace) error {
	// What the kernel takes long for is begun before it is needed.
	target, neighbour := begin(newNamespace), begin(newNamespace)
	bridge, err := NewBridge()
	if err != nil {
		return err
	}
	defer bridge.Close()
	var errs [2]error
	var found [3]error
	var hosts sync.WaitGroup
	defer hosts.Wait()
	for i, h := range []struct {
		plan    plan.Host
		ns      namespace
		started **host.Host
	}{{p.Target, target, &l.target}, {p.Neighbour, neighbour, &l.neighbour}} {
		ns, err := bridge.attach(h.plan, h.ns)
		if err != nil {
			return err
		}
		hosts.Go(func() { *h.started, errs[i] = startHost(ctx, h.plan, ns, p) })
		hosts.Go(func() { found[i] = AwaitFindable(ctx, h.plan, ns) })
	}
	ns, err := bridge.attach(p.Seat, seat)
	if err != nil {
		return err
	}
	found[2] = AwaitFindable(ctx, p.Seat, ns)
	if err := bridge.AwaitUp(ctx); err != nil {
		return err
	}
	hosts.Wait()
	return errors.Join(slices.Concat(errs[:], found[:])...)
}

func startHost(ctx context.Context, h plan.Host, ns netns.NsHandle, p plan.Plan) (*host.Host, error) {
	started, err := host.Start(ctx, host.Config{Host: h, Interface: HostInterface, Namespace: ns, Zone: []plan.Host{p.Target, p.Neighbour, p.Seat}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.Name, err)
	}
	return started, nil
}
