//go:build !linux

package build

import (
	"context"
	"errors"
	"os"

	"wirelab/labenv/labhost/protocol"
)

// confined has no sandbox to build in here; see Builder.Unconfined.
func (Builder) confined(context.Context, protocol.BuildRequest) (protocol.BuildReply, *os.File, error) {
	return protocol.BuildReply{}, nil, errors.New("the compiler's sandbox needs Linux")
}
