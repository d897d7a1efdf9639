package drive_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"wirelab/grader/drive/testdata/exercises/awful"
	"wirelab/grader/drivers/serve"
	"wirelab/labenv"
)

// asLearner is the first argument of a test binary that plays the learner's
// program; the second is for awful.Begin.
const asLearner = "as-learner"

// asProgram is the first argument of a test binary that plays a program that
// is its own master; the others are awful.Main's.
const asProgram = "as-program"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asProgram {
		awful.Main(os.Args[2:])
	}
	if len(os.Args) == 3 && os.Args[1] == asLearner {
		awful.Begin(os.Args[2])
		serve.Main(awful.Functions)
	}
	goleak.VerifyTestMain(m)
}

// process is a labenv.Process without a lab: a child of the test.
type process struct {
	cmd     *exec.Cmd
	channel *os.File
	stdout  *os.File
	stderr  *os.File
	done    chan struct{} // closed when the child has ended
	exit    labenv.Exit   // as it ended, and what the test says beside that
	closing sync.Once
}

// start runs the test binary as a learner's program. exit says what a sandbox
// would have found out: Memory and Refused.
func start(t *testing.T, begin string, exit labenv.Exit) *process {
	t.Helper()
	return launch(t, exit, asLearner, begin)
}

// launch runs the test binary with arguments.
func launch(t *testing.T, exit labenv.Exit, args ...string) *process {
	t.Helper()
	ours, theirs := socketpair(t)
	outR, outW := pipe(t)
	errR, errW := pipe(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = []string{"GOCOVERDIR=" + t.TempDir()}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = outW, errW, []*os.File{theirs}
	require.NoError(t, cmd.Start())
	for _, f := range []*os.File{theirs, outW, errW} {
		require.NoError(t, f.Close())
	}
	p := &process{cmd: cmd, channel: ours, stdout: outR, stderr: errR, done: make(chan struct{}), exit: exit}
	go p.reap()
	t.Cleanup(func() { p.Close() })
	return p
}

func socketpair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.SetNonblock(fds[0], true))
	return os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	return r, w
}

func (p *process) reap() {
	defer close(p.done)
	p.cmd.Wait() //nolint:errcheck // the state says how it ended
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	p.exit.Code = status.ExitStatus()
	if status.Signaled() {
		p.exit.Signal = int(status.Signal())
	}
}

func (p *process) Channel() io.ReadWriteCloser { return p.channel }
func (p *process) Stdout() io.Reader           { return p.stdout }
func (p *process) Stderr() io.Reader           { return p.stderr }

func (p *process) Descriptors(context.Context) ([]int, error)  { return nil, labenv.ErrUnavailable }
func (p *process) LimitDescriptors(context.Context, int) error { return labenv.ErrUnavailable }
func (p *process) Signal(_ context.Context, n int) error {
	return p.cmd.Process.Signal(syscall.Signal(n))
}

func (p *process) Wait(ctx context.Context) (labenv.Exit, error) {
	select {
	case <-p.done:
		return p.exit, nil
	case <-ctx.Done():
		return labenv.Exit{}, ctx.Err()
	}
}

func (p *process) Close() error {
	p.closing.Do(func() {
		p.cmd.Process.Kill() //nolint:errcheck // it may have ended
		<-p.done
		for _, f := range []*os.File{p.channel, p.stdout, p.stderr} {
			f.Close()
		}
	})
	return nil
}
