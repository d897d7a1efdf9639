package netns_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/labtest"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
)

// patience bounds what should happen at once, on the slowest machine.
const patience = 20 * time.Second

// What TestMain tells the test program when it runs it once more.
const (
	envLabhost = "WIRELAB_TEST_LABHOST" // path of labhost
	envRole    = "WIRELAB_TEST_ROLE"    // what to do in the place of tests
)

// labhost is the path of the program, built from what the tree says.
var labhost = os.Getenv(envLabhost)

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(envRole)]; ok {
		if err := role(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

// roles are what the test program does as a child of its own.
var roles = map[string]func() error{
	"hold a lab":    holdLab,
	"start a lab":   startLab,
	"forbid users":  func() error { return forbid("max_user_namespaces") },
	"forbid nets":   func() error { return forbid("max_net_namespaces") },
	"forbid mounts": func() error { return forbid("max_mnt_namespaces") },
	"mask /proc":    mask,
}

// again returns a command that runs the test program in the given role.
func again(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), envRole+"="+role, envLabhost+"="+labhost)
	return cmd
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "netns-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// program is the path of a program for the seat.
var program string

func build(dir string) (err error) {
	if labhost, err = binary.Build(context.Background(), dir); err != nil {
		return err
	}
	program = filepath.Join(dir, "seatprog")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", program, "wirelab/labenv/labtest/seatprog")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build seatprog: %w\n%s", err, out)
	}
	return nil
}

func maker() labenv.Maker { return netns.Maker(netns.Config{Labhost: labhost}) }

// start starts a lab, which the test's end closes.
func start(t *testing.T) labenv.Lab {
	t.Helper()
	l, err := maker()(t.Context(), plan.Practice())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// occupy starts a program in the lab's seat that ends only when it is ended.
func occupy(ctx context.Context, l labenv.Lab, path string) (labenv.Process, error) {
	exe, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := l.Start(ctx, labenv.Program{Exe: exe, Args: []string{orders.Stay}})
	return p, errors.Join(err, exe.Close())
}

// Labs in namespaces are labs.
func TestConformance(t *testing.T) { labtest.TestLab(t, maker()) }

// use does with a lab what every check does.
func use(ctx context.Context) error {
	l, err := maker()(ctx, plan.Practice())
	if err != nil {
		return err
	}
	p, err := occupy(ctx, l, program)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	_, err = l.Captures(ctx)
	return errors.Join(err, p.Close(), l.Close())
}

// Labs come and go without leaving a descriptor, a goroutine or a process.
func TestLabsLeaveNothingBehind(t *testing.T) {
	require.NoError(t, use(t.Context())) // what is made once is made now
	running, files := goleak.IgnoreCurrent(), descriptors(t)
	for range 20 {
		require.NoError(t, use(t.Context()))
	}
	goleak.VerifyNone(t, running)
	assert.Equal(t, files, descriptors(t))
	assert.Empty(t, descendants(t, os.Getpid()))
}

// descriptors lists the test's own open files.
func descriptors(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	var open []string
	for _, l := range links {
		if file, err := os.Readlink(l); err == nil { // not the glob's own
			open = append(open, file)
		}
	}
	return open
}

// Fifty labs in a row start, each in its time.
func TestManyLabsInARow(t *testing.T) {
	for i := range 50 {
		require.NoError(t, use(t.Context()), "lab %d", i)
	}
}

// Sixteen labs start at once, three times over.
func TestManyLabsAtOnce(t *testing.T) {
	for range 3 {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { assert.NoError(t, use(t.Context())) })
		}
		all.Wait()
	}
}

// The kernel kills a lab when the thread that started it is gone (prctl(2),
// PR_SET_PDEATHSIG). Threads come and go, labs must not go with them.
func TestALabOutlivesTheThreadThatAskedForIt(t *testing.T) {
	var l labenv.Lab
	var thread int
	err := nsrun.Throwaway(func() (err error) {
		l, err = maker()(t.Context(), plan.Practice())
		thread = unix.Gettid()
		return err
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	require.Eventually(t, func() bool {
		return errors.Is(unix.Tgkill(os.Getpid(), thread, 0), unix.ESRCH)
	}, patience, time.Millisecond)
	for range 20 { // dying takes a moment
		p, err := occupy(t.Context(), l, program)
		require.NoError(t, err)
		require.NoError(t, p.Close())
		_, err = l.Captures(t.Context())
		require.NoError(t, err)
	}
}

// A program in the seat has the four descriptors that it was given, whatever
// the kit itself was left by those who started it.
func TestForeignDescriptorsDoNotReachTheSeat(t *testing.T) {
	var foreign [2]int
	require.NoError(t, unix.Pipe(foreign[:])) // not closed on exec, as a shell's may be
	t.Cleanup(func() { assert.NoError(t, errors.Join(unix.Close(foreign[0]), unix.Close(foreign[1]))) })
	p, err := occupy(t.Context(), start(t), program)
	require.NoError(t, err)
	fds, err := p.Descriptors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3}, fds)
	require.NoError(t, p.Close())
}

// Without labhost there is no lab, and the error says what to do.
func TestLabhostIsMissing(t *testing.T) {
	_, err := netns.Maker(netns.Config{Labhost: filepath.Join(t.TempDir(), "labhost")})(t.Context(), plan.Practice())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NotErrorIs(t, err, labenv.ErrUnavailable)
}
