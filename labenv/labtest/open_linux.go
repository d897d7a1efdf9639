package labtest

import (
	"context"
	"errors"

	"wirelab/labenv/netns"
)

// dial finds the lab around the calling process.
func dial(ctx context.Context) (inner, error) {
	in, err := netns.Dial(ctx)
	if errors.Is(err, netns.ErrOutside) {
		return nil, errOutside
	}
	if err != nil {
		return nil, err
	}
	return in, nil
}
