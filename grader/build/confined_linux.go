package build

import (
	"context"
	"fmt"
	"os"

	"wirelab/labenv/labhost/launch"
	"wirelab/labenv/labhost/protocol"
)

// confined has labhost build in the compiler's sandbox.
func (b Builder) confined(ctx context.Context, r protocol.BuildRequest) (reply protocol.BuildReply, program *os.File, err error) {
	box, err := launch.Start(b.Labhost, protocol.ModeCompile, launch.Options{Identity: launch.Self()})
	if err != nil {
		return reply, nil, err
	}
	defer box.Close()
	files, err := box.Call(ctx, protocol.Build, r, nil, &reply)
	if err != nil {
		return reply, nil, box.Explain(err)
	}
	if reply.OK && len(files) != 1 {
		return reply, nil, fmt.Errorf("the program came as %d files, not 1", len(files))
	}
	if reply.OK {
		program = files[0]
	}
	return reply, program, nil
}
