package main

import (
	"context"
	"net/netip"
	"sync"

	banner "wirelab/exercises/09_banner"
	"wirelab/exercises/port"
)

// unknown is what package banner calls a service that it does not know.
const unknown = "unknown"

// grab asks the open ports among findings who they are, no more than o.workers
// at once. A service that says nothing is no error; the end of ctx is one.
func (o options) grab(ctx context.Context, host netip.Addr, findings []finding) error {
	var asking sync.WaitGroup
	slots := make(chan struct{}, o.workers)
	for i := range findings {
		if findings[i].State != port.Open {
			continue
		}
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			o.grabOne(ctx, host, &findings[i])
		})
	}
	asking.Wait()
	return ctx.Err()
}

func (o options) grabOne(ctx context.Context, host netip.Addr, f *finding) {
	// A service that waits to be asked is asked after one timeout, and twice:
	// in plaintext, then by TLS.
	opt := banner.Options{Wait: o.timeout, Timeout: 4 * o.timeout}
	b, err := banner.Grab(ctx, netip.AddrPortFrom(host, f.Port), opt)
	if err != nil {
		return // it is open still, and that is what was asked
	}
	f.banner = b.Text
	if b.Service != "" && b.Service != unknown {
		f.service = b.Service
	}
}
