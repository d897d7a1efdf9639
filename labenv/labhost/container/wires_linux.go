package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"wirelab/labenv/labhost/network"
	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/plan"
)

// wires joins containers that are in no network of the engine's: by a bridge in
// this container, and a veth pair to each, whose other end it moves there by
// the number of their first processes. So nothing of the host's is on the wire.
type wires struct {
	mu     sync.Mutex
	bridge *network.Bridge // nil between two labs
}

func (w *wires) register(handlers map[string]relay.Handler) {
	handlers[relay.Wire] = w.wire
	handlers[relay.Up] = w.up
	handlers[relay.Unwire] = w.unwire
	handlers[relay.Configure] = func(ctx context.Context, c *relay.Call) (any, error) {
		h, err := params[plan.Host](c)
		if err != nil {
			return nil, err
		}
		if err := network.Configure(h, netns.None()); err != nil {
			return nil, err
		}
		return nil, network.AwaitFindable(ctx, h, netns.None())
	}
}

func (w *wires) wire(_ context.Context, c *relay.Call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	links, err := params[[]relay.Link](c)
	if err != nil {
		return nil, err
	}
	if w.bridge != nil {
		return nil, errors.New("there are wires already")
	}
	if w.bridge, err = network.NewBridge(); err != nil {
		return nil, err
	}
	for _, l := range links {
		mac, err := net.ParseMAC(l.Host.MAC)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Host.Name, err)
		}
		if err := w.bridge.Connect(l.Host, mac, netlink.NsPid(l.PID)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (w *wires) up(ctx context.Context, _ *relay.Call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bridge == nil {
		return nil, errors.New("there are no wires")
	}
	return nil, w.bridge.AwaitUp(ctx)
}

func (w *wires) unwire(context.Context, *relay.Call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bridge == nil {
		return nil, nil
	}
	err := w.bridge.Remove()
	w.bridge = nil
	return nil, err
}
