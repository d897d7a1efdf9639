package container

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/vishvananda/netns"

	"wirelab/labenv/labhost/host"
	"wirelab/labenv/labhost/network"
	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/plan"
)

// player is a host, once it is told which.
type player struct {
	mu   sync.Mutex
	host *host.Host
}

// errNoHost is what a container says that plays none.
var errNoHost = errors.New("no host is played here")

func (p *player) register(handlers map[string]relay.Handler) {
	handlers[relay.Play] = p.play
	handlers[relay.Stop] = p.stop
	handlers[relay.Converse] = p.converse
	handlers[relay.Mark] = p.mark
	handlers[relay.Await] = p.await
	handlers[relay.Snapshot] = p.snapshot
}

func (p *player) play(ctx context.Context, c *relay.Call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, err := params[relay.PlayRequest](c)
	if err != nil {
		return nil, err
	}
	if p.host != nil {
		return nil, errors.New("a host is played here already")
	}
	if err := network.Configure(r.Host, netns.None()); err != nil {
		return nil, err
	}
	if err := network.AwaitFindable(ctx, r.Host, netns.None()); err != nil {
		return nil, err
	}
	p.host, err = host.Start(ctx, host.Config{
		Host: r.Host, Interface: network.HostInterface, Namespace: netns.None(), Zone: r.Zone,
	})
	return nil, err
}

func (p *player) stop(context.Context, *relay.Call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.host == nil {
		return nil, nil
	}
	err := p.host.Close()
	p.host = nil
	return nil, err
}

// playing returns the host that is played.
func (p *player) playing() (*host.Host, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.host == nil {
		return nil, errNoHost
	}
	return p.host, nil
}

func (p *player) converse(ctx context.Context, c *relay.Call) (any, error) {
	h, err := p.playing()
	if err != nil {
		return nil, err
	}
	clients, err := params[[]plan.Client](c)
	if err != nil {
		return nil, err
	}
	return h.Converse(ctx, clients)
}

func (p *player) mark(_ context.Context, c *relay.Call) (any, error) {
	h, err := p.playing()
	if err != nil {
		return nil, err
	}
	r, err := params[relay.MarkRequest](c)
	if err != nil {
		return nil, err
	}
	mac, err := net.ParseMAC(r.MAC)
	if err != nil {
		return nil, err
	}
	return h.Capture().Mark(mac, r.Nonce)
}

func (p *player) await(ctx context.Context, c *relay.Call) (any, error) {
	h, err := p.playing()
	if err != nil {
		return nil, err
	}
	r, err := params[relay.AwaitRequest](c)
	if err != nil {
		return nil, err
	}
	// The caller has a deadline; this one keeps a call from waiting for ever
	// once its caller has given up.
	ctx, cancel := context.WithTimeout(ctx, relay.AwaitPatience)
	defer cancel()
	return nil, h.Capture().Await(ctx, r.Nonce, r.Count)
}

func (p *player) snapshot(_ context.Context, c *relay.Call) (any, error) {
	h, err := p.playing()
	if err != nil {
		return nil, err
	}
	recording, complete, why, err := h.Capture().Snapshot()
	if err != nil {
		return nil, err
	}
	c.Then = func(s *relay.Stream) { _, _ = io.Copy(s, bytes.NewReader(recording)) } // who reads it sees where it ends
	return relay.SnapshotReply{Size: int64(len(recording)), Complete: complete, Why: why}, nil
}
