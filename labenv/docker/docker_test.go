//go:build docker

// These tests need a container engine; `make test` runs them where one answers.
package docker_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/docker"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labtest"
	"wirelab/labenv/plan"
)

// labhost is the path of the program, built from what the tree says.
var labhost string

// envHold has the test program hold a lab until it is killed; it is the path of
// labhost.
const envHold = "WIRELAB_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(envHold); path != "" {
		if err := hold(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(run(m))
}

// hold starts a lab, says so, and waits to be killed.
func hold(labhost string) error {
	l, err := docker.Open(context.Background(), docker.Config{Labhost: labhost})
	if err != nil {
		return err
	}
	if _, err := l.Start(context.Background(), plan.Practice()); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wirelab")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if labhost, err = binary.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// labs returns a maker's labs, whose containers are gone after the test.
func labs(t *testing.T) *docker.Labs {
	t.Helper()
	l, err := docker.Open(t.Context(), docker.Config{Labhost: labhost})
	if l != nil {
		t.Cleanup(func() { assert.NoError(t, l.Close()) })
	}
	require.NoError(t, err)
	return l
}

func TestConformance(t *testing.T) {
	l := labs(t)
	// The subtests run in parallel, when this function has returned.
	t.Run("suite", func(t *testing.T) { labtest.TestLab(t, l.Start) })
}

// Killing the kit leaves no container, and what it was doing is not in the way
// of the next run.
func TestNothingOutlivesTheKit(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	kit := exec.CommandContext(t.Context(), self)
	kit.Env = append(os.Environ(), envHold+"="+labhost)
	out, err := kit.StdoutPipe()
	require.NoError(t, err)
	kit.Stderr = os.Stderr
	require.NoError(t, kit.Start())
	t.Cleanup(func() { _ = kit.Process.Kill() }) // it is dead by then
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	held, err := engine.ContainerList(t.Context(), client.ContainerListOptions{
		Filters: make(client.Filters).Add("label", "wirelab.kit="+strconv.Itoa(kit.Process.Pid)),
	})
	require.NoError(t, err)
	require.Len(t, held.Items, 4, "target, neighbour, seat, and the seat's network")

	require.NoError(t, kit.Process.Kill())

	for _, c := range held.Items {
		gone := engine.ContainerWait(t.Context(), c.ID, client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
		select {
		case <-gone.Result:
		case err := <-gone.Error:
			require.True(t, errdefs.IsNotFound(err), "%v", err)
		case <-time.After(patience):
			require.Fail(t, "a container outlives its kit", "%v", c.Names)
		}
	}
	_ = kit.Wait() // it was killed
	lab, err := labs(t).Start(t.Context(), plan.Practice())
	require.NoError(t, err)
	require.NoError(t, lab.Close())
}

// patience bounds what should happen at once, on the slowest machine.
const patience = 30 * time.Second

// A container that its kit had made and not yet started when it was killed is
// swept by the next one; those of a kit that runs are left alone.
func TestSweep(t *testing.T) {
	running := labs(t)
	lab, err := running.Start(t.Context(), plan.Practice())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, lab.Close()) })
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	ended := exec.CommandContext(t.Context(), "true")
	require.NoError(t, ended.Run())
	host, err := os.Hostname()
	require.NoError(t, err)
	left, err := engine.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config: &container.Config{Image: running.Image(), Labels: map[string]string{
			"wirelab.kit": strconv.Itoa(ended.Process.Pid), "wirelab.host": host + "/" + runtime.GOOS,
		}},
	})
	require.NoError(t, err)

	n, err := docker.Sweep(t.Context())

	require.NoError(t, err)
	assert.Equal(t, 1, n)
	_, err = engine.ContainerInspect(t.Context(), left.ID, client.ContainerInspectOptions{})
	assert.True(t, errdefs.IsNotFound(err), "%v", err)
	_, err = lab.Captures(t.Context())
	assert.NoError(t, err, "the lab of a kit that runs")
}

// What keeps a lab of containers from being had is said in words, and so is
// what to do. A process of its own asks: testcontainers looks for engines once.
func TestNoEngine(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kit := exec.CommandContext(ctx, self)
	kit.Env = append(os.Environ(), envHold+"="+labhost, "DOCKER_HOST=unix://"+filepath.Join(t.TempDir(), "nobody.sock"))
	out, err := kit.CombinedOutput()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, string(out), labenv.ErrUnavailable.Error()+": no container engine answers")
	assert.Contains(t, string(out), "start Docker and try again")
}
