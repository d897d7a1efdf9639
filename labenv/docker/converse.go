package docker

import (
	"context"
	"fmt"

	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/plan"
)

// Converse has the target play clients.
func (l *lab) Converse(ctx context.Context, clients []plan.Client) ([]plan.Talk, error) {
	var talks []plan.Talk
	if err := l.do(ctx, l.room.target, relay.Converse, clients, &talks); err != nil {
		return nil, fmt.Errorf("play clients: %w", err)
	}
	return talks, nil
}
