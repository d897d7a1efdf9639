// Package compile is the compiler's sandbox. To compile is to let strangers'
// text drive a large program: a kilobyte of constants can ask for gigabytes.
// So the compiler runs in namespaces of its own, without a network, sees only
// the toolchain, the module cache, the kit and the build cache, all read-only,
// writes into memory, and is bounded in time, memory and file size. Its result
// leaves as an open file: a kit that is killed leaves nothing behind.
package compile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
	overlay, err := stage(r)
	if err != nil {
		return nil, nil, fmt.Errorf("the compiler's sandbox: %w", err)
	}
	reply, err := compile(ctx, r, overlay)
	if err != nil || !reply.OK {
		return reply, nil, err
	}
	out, err := os.Open(outputFile)
	if err != nil {
		return nil, nil, fmt.Errorf("the compiler left no program: %w", err)
	}
	return reply, []*os.File{out}, nil
}

// stage writes the files that take the place of the kit's, and the overlay
// that says so (`go help build`, -overlay). It returns the overlay's path.
func stage(r protocol.BuildRequest) (string, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, data := range r.Replace {
		path := filepath.Join(stageDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(r.Kit, name)] = path
	}
	for _, name := range r.Remove {
		overlay.Replace[filepath.Join(r.Kit, name)] = ""
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path := filepath.Join(stageDir, "overlay.json")
	return path, os.WriteFile(path, data, 0o600)
}

// compile builds the program. With the index of packages that lies in its
// cache the go command saves a third of its time. But where a folder has
// changed since, it would write a new one, cannot, and gives up: so what has
// failed is tried without, and that decides.
func compile(ctx context.Context, r protocol.BuildRequest, overlay string) (protocol.BuildReply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Limits.Time)
	defer cancel()
	reply, err := goBuild(ctx, r, overlay, environment(r))
	if err != nil || reply.OK || reply.Memory || reply.CPU || reply.Time {
		return reply, err
	}
	return goBuild(ctx, r, overlay, append(environment(r), "GODEBUG=goindex=0"))
}

// goBuild runs the go command and watches it.
func goBuild(ctx context.Context, r protocol.BuildRequest, overlay string, env []string) (protocol.BuildReply, error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(r.GoRoot, "bin", "go"), "build", "-overlay", overlay,
		"-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", outputFile, r.Package)
	cmd.Dir = r.Kit
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Cancel = func() error { return killAll(cmd.Process) }
	if err := cmd.Start(); err != nil {
		return protocol.BuildReply{}, fmt.Errorf("start the go command: %w", err)
	}
	done := make(chan struct{})
	tooMuch := make(chan excess, 1)
	go func() { tooMuch <- watch(r.Limits, cmd.Process, done) }()
	err := cmd.Wait()
	close(done)
	over := <-tooMuch
	reply := protocol.BuildReply{Output: bounded(output.String()), Memory: over.memory, CPU: over.cpu, Time: ctx.Err() != nil}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return reply, fmt.Errorf("the go command: %w", err)
	}
	reply.OK = err == nil
	return reply, nil
}

// maxOutput bounds what the compiler may say, in bytes.
const maxOutput = 32 << 10

func bounded(s string) string {
	if len(s) > maxOutput {
		return s[:maxOutput] + "\n(more was said than fits here)\n"
	}
	return s
}

// environment is all that the go command knows of the world.
func environment(r protocol.BuildRequest) []string {
	return []string{
		"PATH=" + filepath.Join(r.GoRoot, "bin"), "HOME=/tmp", "TMPDIR=/tmp",
		"GOROOT=" + r.GoRoot, "GOMODCACHE=" + r.ModCache, "GOCACHE=" + r.BuildCache, "GOPATH=/tmp/go",
		"GOENV=off", "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOPROXY=off", "GOSUMDB=off",
		"GOTELEMETRY=off", "GO111MODULE=on", "CGO_ENABLED=0", "GOOS=linux",
	}
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
