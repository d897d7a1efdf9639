package netns

import (
	"context"
	"fmt"

	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// Converse has the target play clients.
func (l *lab) Converse(ctx context.Context, clients []plan.Client) ([]plan.Talk, error) {
	var talks []plan.Talk
	if _, err := l.hosts.Call(ctx, protocol.Converse, clients, nil, &talks); err != nil {
		return nil, fmt.Errorf("play clients: %w", translate(err))
	}
	return talks, nil
}
