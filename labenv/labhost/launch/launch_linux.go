// Package launch starts the program labhost in namespaces of its own, with a
// socket to call it on. What was started ends with the socket, with Close, and
// with the process that started it.
package launch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"wirelab/labenv"
	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/tail"
)

// Identity says who the started process is. Inside it is always root of its
// user namespace, with no power outside.
type Identity struct {
	// Host is the user and group id that it has in the eyes of the host.
	UID, GID int
	// Many maps the first 65,536 ids, each to itself; only root can.
	Many bool
}

// Self is the identity of the calling process.
func Self() Identity { return Identity{UID: os.Getuid(), GID: os.Getgid()} }

// Mapped tells whether the user ids from id on, count of them, exist in the
// calling process's user namespace, in one piece as a map of a new one needs
// it (user_namespaces(7)). For root of a container, or of `unshare -r`, most
// may be missing.
func Mapped(id, count int) bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		var inside, outside, size int
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err != nil {
			return false
		}
		if inside <= id && id+count <= inside+size {
			return true
		}
	}
	return false
}

// Options refine a start.
type Options struct {
	Identity Identity
	// Terminal leaves the process in the terminal's session, for a shell.
	Terminal bool
}

// Process is a running labhost.
type Process struct {
	*fdrpc.Client
	cmd    *exec.Cmd
	stderr *tail.Tail

	closing sync.Once
	err     error
}

// Start runs the program labhost at path in the given mode, in new user,
// mount, PID, network, IPC and UTS namespaces. Its errors match
// labenv.ErrUnavailable where namespaces cannot be had.
func Start(path, mode string, o Options) (*Process, error) {
	exe, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the program labhost is missing (`make build` makes it): %w", err)
	}
	defer exe.Close()
	conn, theirs, err := fdrpc.Pair()
	if err != nil {
		return nil, err
	}
	p := &Process{stderr: &tail.Tail{}}
	// By descriptor: who runs it may not be allowed to see the path.
	p.cmd = exec.Command("/proc/self/fd/4", mode)
	p.cmd.Env = []string{}
	p.cmd.Stderr = p.stderr
	p.cmd.ExtraFiles = []*os.File{theirs, exe}
	p.cmd.SysProcAttr = attributes(o)
	onStarter(func() { err = p.cmd.Start() })
	err = errors.Join(err, theirs.Close())
	if err != nil {
		return nil, errors.Join(explainStart(err), conn.Close())
	}
	p.Client = fdrpc.NewClient(conn)
	return p, nil
}

// starter is a thread that never ends. The kernel sends PR_SET_PDEATHSIG when
// the thread that forked is gone, and Go's threads come and go.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// onStarter runs f on that thread and waits for it.
func onStarter(f func()) {
	done := make(chan struct{})
	starter() <- func() {
		defer close(done)
		f()
	}
	<-done
}

func attributes(o Options) *syscall.SysProcAttr {
	size := 1
	if o.Identity.Many {
		size = 65536
	}
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig: syscall.SIGKILL,
		// The keyboard's signals are for people's programs.
		Setsid:      !o.Terminal,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: o.Identity.UID, Size: size}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: o.Identity.GID, Size: size}},
		// A namespace inside of this one can allow no more than this one.
		GidMappingsEnableSetgroups: o.Identity.Many,
		// Root that maps itself to somebody else has to become that somebody.
		Credential: &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true},
	}
}

// refusals are the errors of a system that does not let namespaces be made or
// used. EINVAL is among them for the start of the process alone: there it means
// a kind of namespace that the kernel does not know.
var refusals = []syscall.Errno{
	syscall.EPERM, syscall.EACCES, syscall.ENOSPC, syscall.ENOSYS,
	syscall.EOPNOTSUPP, syscall.EPROTONOSUPPORT, syscall.EAFNOSUPPORT,
}

// Unavailable makes an error match labenv.ErrUnavailable, and say what to do,
// where it comes from namespaces that cannot be had.
func Unavailable(err error) error {
	if slices.ContainsFunc(refusals, func(e syscall.Errno) bool { return errors.Is(err, e) }) {
		return fmt.Errorf("%w: this system does not let you make namespaces (%w); `wirelab lab doctor` says how to allow them", labenv.ErrUnavailable, err)
	}
	return err
}

// explainStart says why the process could not be started.
func explainStart(err error) error {
	if errors.Is(err, syscall.EINVAL) {
		err = fmt.Errorf("%w: %w", syscall.ENOSYS, err)
	}
	return Unavailable(fmt.Errorf("start labhost: %w", err))
}

// Explain adds what labhost printed to an error.
func (p *Process) Explain(err error) error {
	if said := p.stderr.String(); said != "" {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return err
}

// Close ends the process and everything that it started. The first process of
// a PID namespace takes all others with it.
func (p *Process) Close() error {
	p.closing.Do(func() {
		p.err = p.Client.Close()
		if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.err = errors.Join(p.err, err)
		}
		var ended *exec.ExitError
		if err := p.cmd.Wait(); err != nil && !errors.As(err, &ended) {
			p.err = errors.Join(p.err, err)
		}
	})
	return p.err
}
