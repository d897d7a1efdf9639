// Package compile is the compiler's sandbox. To compile is to let strangers'
// text drive a large program: a kilobyte of constants can ask for gigabytes.
// So the compiler runs in namespaces of its own, without a network, sees only
// the toolchain, the module cache, the kit and the build cache, all read-only,
// writes into memory, and is bounded in time, memory and file size. Its result
// leaves as an open file: a kit that is killed leaves nothing behind.
package compile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/sandbox"
)

// Where things are inside the sandbox.
const (
	stageDir   = "/stage"
	outputFile = "/out/program"
)

// Run serves one build on conn. It must be the first process of new user, PID,
// mount, network, IPC and UTS namespaces.
func Run(ctx context.Context, conn *net.UnixConn) error {
	var once sync.Mutex // a sandbox is made for one build and locked by the first
	return fdrpc.Serve(ctx, conn, map[string]fdrpc.Handler{
		protocol.Build: func(ctx context.Context, body json.RawMessage, _ []*os.File) (any, []*os.File, error) {
			if !once.TryLock() {
				return nil, nil, errors.New("a compiler's sandbox serves one build")
			}
			var r protocol.BuildRequest
			if err := json.Unmarshal(body, &r); err != nil {
				return nil, nil, err
			}
			return build(ctx, r)
		},
	})
}

func build(ctx context.Context, r protocol.BuildRequest) (any, []*os.File, error) {
	if err := enter(r); err != nil {
		return nil, nil, fmt.Errorf("the compiler's sandbox: %w", err)
	}
	b := builder{BuildRequest: r, stage: stageDir, home: "/tmp", output: outputFile, readOnly: true, watch: watch, kill: killAll}
	reply, err := b.run(ctx)
	if err != nil || !reply.OK {
		return reply, nil, err
	}
	out, err := os.Open(outputFile)
	if err != nil {
		return nil, nil, fmt.Errorf("the compiler left no program: %w", err)
	}
	return reply, []*os.File{out}, nil
}

// limits bounds this process and all that it starts. The watch reads the same
// clocks and scales, and says whom it stopped for what: where it can, it
// should be the first. These limits are for what is faster than it looks.
func limits(l protocol.BuildLimits) error {
	for _, r := range []struct {
		resource int
		value    int64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, l.FileSize},
		{unix.RLIMIT_DATA, 2 * l.Memory},
		{unix.RLIMIT_CPU, int64(l.CPU.Seconds()) + 2},
		{unix.RLIMIT_NPROC, 512},
	} {
		v := uint64(r.value) //nolint:gosec // limits are positive
		if err := unix.Setrlimit(r.resource, &unix.Rlimit{Cur: v, Max: v}); err != nil {
			return fmt.Errorf("setrlimit %d: %w", r.resource, err)
		}
	}
	return sandbox.DropEverywhere()
}
