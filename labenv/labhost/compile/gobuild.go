package compile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"wirelab/labenv/labhost/protocol"
)

// builder runs the go command for one build, wherever that is.
type builder struct {
	protocol.BuildRequest
	stage  string   // a folder for the files that take the kit's place
	home   string   // a folder for whatever else the go command writes
	output string   // the path of the program
	extra  []string // more environment
	// readOnly says that the build cache cannot be written to.
	readOnly bool
	// watch ends the build when it uses too much, and says of what; kill ends
	// the go command and what it started.
	watch func(protocol.BuildLimits, *os.Process, <-chan struct{}) excess
	kill  func(*os.Process) error
}

// excess says what a build used too much of.
type excess struct{ memory, cpu bool }

// overlay writes the files that take the place of the kit's, and the overlay
// that says so (`go help build`, -overlay). It returns the overlay's path.
func (b builder) overlay() (string, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if err := os.MkdirAll(b.stage, 0o755); err != nil {
		return "", err
	}
	for name, data := range b.Replace {
		path := filepath.Join(b.stage, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(b.Kit, name)] = path
	}
	for _, name := range b.Remove {
		overlay.Replace[filepath.Join(b.Kit, name)] = ""
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.stage, "overlay.json")
	return path, os.WriteFile(path, data, 0o600)
}

// run builds the program. With the index of packages that lies in its
// cache the go command saves a third of its time. But where a folder has
// changed since, it would write a new one, cannot in a cache that is read-only,
// and gives up: so what has failed is tried without, and that decides.
func (b builder) run(ctx context.Context) (protocol.BuildReply, error) {
	overlay, err := b.overlay()
	if err != nil {
		return protocol.BuildReply{}, fmt.Errorf("stage the files: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, b.Limits.Time)
	defer cancel()
	reply, err := b.goBuild(ctx, overlay, b.environment())
	if err != nil || !b.readOnly || reply.OK || reply.Memory || reply.CPU || reply.Time {
		return reply, err
	}
	return b.goBuild(ctx, overlay, append(b.environment(), "GODEBUG=goindex=0"))
}

// goBuild runs the go command and watches it.
func (b builder) goBuild(ctx context.Context, overlay string, env []string) (protocol.BuildReply, error) {
	var output bytes.Buffer
	args := []string{"build"}
	if b.Test {
		args = []string{"test", "-c", "-vet=off"}
	}
	args = append(args, "-overlay", overlay, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", b.output, b.Package)
	cmd := exec.CommandContext(ctx, filepath.Join(b.GoRoot, "bin", "go"), args...)
	cmd.Dir = b.Kit
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second // for what the go command started, and nobody killed
	cmd.Cancel = func() error { return b.kill(cmd.Process) }
	if err := cmd.Start(); err != nil {
		return protocol.BuildReply{}, fmt.Errorf("start the go command: %w", err)
	}
	done := make(chan struct{})
	tooMuch := make(chan excess, 1)
	go func() { tooMuch <- b.watch(b.Limits, cmd.Process, done) }()
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
func (b builder) environment() []string {
	env := []string{
		"PATH=" + filepath.Join(b.GoRoot, "bin"), "HOME=" + b.home, "TMPDIR=" + b.home,
		"GOROOT=" + b.GoRoot, "GOMODCACHE=" + b.ModCache, "GOCACHE=" + b.BuildCache, "GOPATH=" + filepath.Join(b.home, "go"),
		"GOENV=off", "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOPROXY=off", "GOSUMDB=off",
		"GOTELEMETRY=off", "GO111MODULE=on", "CGO_ENABLED=0", "GOOS=linux",
	}
	if b.Arch != "" {
		env = append(env, "GOARCH="+b.Arch)
	}
	return append(env, b.extra...)
}
