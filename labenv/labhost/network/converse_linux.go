package network

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"wirelab/labenv/labhost/host"
	"wirelab/labenv/plan"
)

// converse has the target play clients.
func (l *lab) converse(ctx context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
	var clients []plan.Client
	if err := json.Unmarshal(body, &clients); err != nil {
		return nil, nil, err
	}
	target := l.playing()
	if target == nil {
		return nil, nil, errors.New("the lab does not run")
	}
	talks, err := target.Converse(ctx, clients)
	return talks, nil, err
}

// playing returns the target. A conversation lasts: nothing is locked meanwhile.
func (l *lab) playing() *host.Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.target
}
