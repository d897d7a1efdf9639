package main

import (
	"context"
	"fmt"
	"time"

	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

const labs = 200

// starts measures how long a lab takes from nothing to ready.
func (k *kit) starts(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	mk := netns.Maker(k.labs())
	var took []time.Duration
	for i := range labs {
		step(i, labs, "start a lab")
		d := plan.New(uint64(i))
		for _, b := range []plan.Behaviour{plan.Echo, plan.Greeting, plan.Closed, plan.Drop, plan.ICMP} {
			d.Port(b)
		}
		start := time.Now()
		l, err := mk(ctx, d.Plan())
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	how := fmt.Sprintf("of %d, one after the other", labs)
	return []figure{
		{what: "a lab from nothing to ready, median", value: in(median(took), time.Millisecond), target: 10, unit: "ms", how: how},
		{what: "a lab from nothing to ready, 99th percentile", value: in(quantile(took, 0.99), time.Millisecond), target: 30, unit: "ms", how: how},
	}, nil
}
