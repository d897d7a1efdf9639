package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"wirelab/labenv"
)

// engine is the container engine and the image that labs are made of.
type engine struct {
	provider *testcontainers.DockerProvider
	image    string
	version  string
	arch     string // of its machine, as GOARCH has it
	sweeper  string // who sweeps what a killed kit leaves
}

// repository is the image's name; its tag says what is in it.
const repository = "wirelab-labhost"

// quiet keeps testcontainers from telling how it goes.
type quiet struct{}

// Printf prints nothing.
func (quiet) Printf(string, ...any) {}

// connect finds the engine and makes sure that it has the image.
func connect(ctx context.Context, labhost string) (*engine, error) {
	sweeper, err := chooseSweeper(ctx)
	if err != nil {
		return nil, err
	}
	provider, err := newProvider()
	if err != nil {
		return nil, err
	}
	e := &engine{provider: provider, sweeper: sweeper}
	version, err := provider.Client().ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return nil, errors.Join(unavailable(err), provider.Close())
	}
	e.version, e.arch = version.Version, version.Arch
	if labhost, err = labhostFor(labhost, e.arch); err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	if err := e.sweep(ctx); err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	if e.image, err = e.ensureImage(ctx, labhost); err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	return e, nil
}

// denied tells whether the engine's socket is there and closed to this user:
// testcontainers tells of it in words alone.
func denied() bool {
	host := cmp.Or(os.Getenv(client.EnvOverrideHost), client.DefaultDockerHost)
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return false
	}
	conn, err := net.Dial("unix", path) //nolint:gosec // the user's own DOCKER_HOST
	if err == nil {
		_ = conn.Close() // nothing was asked
	}
	return errors.Is(err, fs.ErrPermission)
}

// newProvider finds the engine as testcontainers does.
func newProvider() (*testcontainers.DockerProvider, error) {
	log.SetDefault(quiet{})
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet{}))
	if err != nil {
		return nil, unavailable(err)
	}
	return provider, nil
}

// String describes the engine.
func (e *engine) String() string {
	return fmt.Sprintf("engine %s at %s, %s", e.version, e.provider.Client().DaemonHost(), e.sweeper)
}

func (e *engine) close() error { return e.provider.Close() }

// unavailable says what keeps the engine from being used.
func unavailable(err error) error {
	advice := "is one running? `docker version` tells; start Docker and try again"
	if errors.Is(err, fs.ErrPermission) || denied() {
		advice = "you may not use its socket: join the group docker (and log in again), or use a rootless engine"
	}
	return fmt.Errorf("%w: no container engine answers (%w): %s", labenv.ErrUnavailable, err, advice)
}

// chooseSweeper lets testcontainers' own sweeper, Ryuk, work where the engine
// has its image, and switches it off where that would have to be fetched: a
// lab needs no network, and its containers end with the kit by themselves.
// Errors are connect's.
func chooseSweeper(ctx context.Context) (string, error) {
	const off = "TESTCONTAINERS_RYUK_DISABLED"
	c, err := client.New(client.FromEnv)
	if err != nil {
		return "", unavailable(err)
	}
	defer c.Close()
	if _, err := c.Ping(ctx, client.PingOptions{}); err != nil && os.Getenv(client.EnvOverrideHost) != "" {
		return "", unavailable(err) // testcontainers would quietly take another engine
	}
	if os.Getenv(off) != "" {
		return "swept by the kit", nil
	}
	_, err = c.ImageInspect(ctx, testcontainers.ReaperDefaultImage) //nolint:staticcheck // deprecated, but nothing else tells which image it would fetch
	if err == nil {
		return "swept by Ryuk", nil
	}
	if err := os.Setenv(off, "true"); err != nil {
		return "", err
	}
	return "swept by the kit (Ryuk's image is not there)", nil
}

// ensureImage returns the name of the image around labhost; it is built once.
func (e *engine) ensureImage(ctx context.Context, labhost string) (string, error) {
	program, err := os.ReadFile(labhost) //nolint:gosec // the kit's own program
	if err != nil {
		return "", fmt.Errorf("the program labhost is missing (`make build` makes it): %w", err)
	}
	sum := sha256.Sum256(append(program, dockerfile...))
	tag := hex.EncodeToString(sum[:])[:16]
	image := repository + ":" + tag
	_, err = e.provider.Client().ImageInspect(ctx, image)
	if err == nil {
		return image, nil
	}
	if !errdefs.IsNotFound(err) {
		return "", unavailable(err)
	}
	archive, err := buildContext(program)
	if err != nil {
		return "", err
	}
	_, err = e.provider.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: archive, Repo: repository, Tag: tag, KeepImage: true,
	}})
	if err != nil {
		return "", fmt.Errorf("build the image of the lab's containers (is the engine's disk full? `docker system df` tells): %w", err)
	}
	return image, nil
}

// dockerfile makes an image of one file. A container of it has nothing else.
const dockerfile = "FROM scratch\nCOPY labhost /labhost\nENTRYPOINT [\"/labhost\", \"contain\"]\n"

// buildContext is the archive that the engine builds from.
func buildContext(labhost []byte) (io.ReadSeeker, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name string
		mode int64
		data []byte
	}{{"Dockerfile", 0o644, []byte(dockerfile)}, {"labhost", 0o755, labhost}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
			return nil, fmt.Errorf("pack the image: %w", err)
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, fmt.Errorf("pack the image: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the image: %w", err)
	}
	return bytes.NewReader(b.Bytes()), nil
}

// Labels of the kit's containers, beside those of testcontainers.
const (
	labelKit  = "wirelab.kit"  // the process that started it
	labelHost = "wirelab.host" // and its machine
)

// labels say whose a container is.
func labels() map[string]string {
	host, _ := os.Hostname() // a machine without a name has one name, too
	return map[string]string{labelKit: strconv.Itoa(os.Getpid()), labelHost: host + "/" + runtime.GOOS}
}

// Sweep removes the containers of kits that are gone, and returns how many.
// Containers end with their kit by themselves; one that was made but not yet
// started when the kit was killed does not. Errors are Open's.
func Sweep(ctx context.Context) (int, error) {
	if _, err := chooseSweeper(ctx); err != nil {
		return 0, err
	}
	provider, err := newProvider()
	if err != nil {
		return 0, err
	}
	defer provider.Close()
	return sweep(ctx, provider.Client())
}

func (e *engine) sweep(ctx context.Context) error {
	_, err := sweep(ctx, e.provider.Client())
	return err
}

func sweep(ctx context.Context, c client.APIClient) (int, error) {
	mine := labels()
	found, err := c.ContainerList(ctx, client.ContainerListOptions{
		All: true, Filters: make(client.Filters).Add("label", labelHost+"="+mine[labelHost]),
	})
	if err != nil {
		return 0, unavailable(err)
	}
	removed := 0
	var errs []error
	for _, item := range found.Items {
		pid, err := strconv.Atoi(item.Labels[labelKit])
		if err != nil || pid == os.Getpid() || alive(pid) {
			continue
		}
		removed++
		errs = append(errs, remove(ctx, c, item.ID))
	}
	return removed, errors.Join(errs...)
}

// remove ends a container and waits until nothing of it is left. One that is
// gone, or going, is fine.
func remove(ctx context.Context, c client.APIClient, id string) error {
	_, err := c.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if errdefs.IsConflict(err) { // the engine removes it already
		wait := c.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: "removed"})
		select {
		case <-wait.Result:
			return nil
		case err = <-wait.Error:
		}
		if errdefs.IsNotFound(err) {
			return nil
		}
	}
	return fmt.Errorf("remove a container: %w", err)
}
