package seat

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/sandbox"
)

// watchEvery is how often a program's memory is looked at. Memory grows by
// some hundred megabytes in that time at most.
const watchEvery = 20 * time.Millisecond

// program is one running program.
type program struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when exit is set
	exit labenv.Exit
}

// Descriptors of a program on its way in: 0 to 2 as usual, 3 the channel, then
// those that exec closes.
const (
	fdExe    = 4
	fdNotify = 5
)

// startProgram starts a sandboxed program. files are the executable,
// descriptor 3, stdout and stderr.
func startProgram(r protocol.ProgramRequest, files []*os.File) (*program, error) {
	cfg, err := json.Marshal(sandbox.Config{
		Args: r.Args, NetRaw: r.NetRaw, Files: len(r.Files) > 0, Limits: r.Limits, Guards: r.Guards, Contained: r.Contained,
		Exe: fdExe, Notify: fdNotify,
	})
	if err != nil {
		return nil, err
	}
	if r.Guards.On(sandbox.GuardMemory) && !r.Contained { // a container is started with them
		if err := boundQueues(); err != nil {
			return nil, err
		}
	}
	ours, theirs, err := socketFiles()
	if err != nil {
		return nil, err
	}
	defer closeFiles([]*os.File{ours})
	cmd := exec.Command("/proc/self/exe", protocol.ModeEnter, string(cfg))
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = files[2], files[3]
	cmd.ExtraFiles = []*os.File{files[1], files[0], theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces(r)}
	err = cmd.Start()
	closeFiles([]*os.File{theirs})
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	return watchProgram(cmd, r, ours)
}

// namespaces are those that a program gets of its own. In a container none can
// be made, and the container's are what there is.
func namespaces(r protocol.ProgramRequest) uintptr {
	if r.Contained {
		return 0
	}
	flags := uintptr(syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS)
	if r.Guards.On(sandbox.GuardProcesses) {
		flags |= syscall.CLONE_NEWPID
	}
	return flags
}

// watchProgram waits until the program has entered its sandbox and sets the
// watchers on it.
func watchProgram(cmd *exec.Cmd, r protocol.ProgramRequest, notify *os.File) (*program, error) {
	w, err := sandbox.Watch(notify, r.Files)
	if err != nil {
		// It may have ended by itself; it is collected either way.
		_, _ = cmd.Process.Kill(), cmd.Wait()
		return nil, err
	}
	p := &program{cmd: cmd, done: make(chan struct{})}
	ended := make(chan struct{})
	killed := make(chan bool, 1)
	go func() { killed <- r.Guards.On(sandbox.GuardMemory) && killAbove(cmd.Process, r.Limits.Memory, ended) }()
	go func() {
		exit := exitOf(cmd.Wait(), cmd)
		if exit.Signal == int(unix.SIGKILL) && usedUp(cmd, r.Limits.CPU) {
			exit.Signal = int(unix.SIGXCPU) // SIGKILL is how the hard limit ends it (getrlimit(2))
		}
		close(ended)
		exit.Memory = <-killed || failed(exit) && peak(cmd) > r.Limits.Memory
		exit.Refused = w.Refused()
		p.exit = exit
		close(p.done)
	}()
	return p, nil
}

// killAbove kills a process that uses more than limit bytes of memory. It
// returns whether it did; ended tells that the process is gone.
func killAbove(process *os.Process, limit int64, ended <-chan struct{}) bool {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return false
		case <-tick.C:
			if resident(process.Pid) > limit {
				return process.Kill() == nil
			}
		}
	}
}

// failed tells whether a program ended otherwise than with status 0.
func failed(e labenv.Exit) bool { return e.Code != 0 }

// peak returns the most memory that an ended command had resident, in bytes
// (getrusage(2)). It shows what grew and fell between two looks.
func peak(cmd *exec.Cmd) int64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}

// usedUp tells whether an ended command had used about all of its CPU time. The
// kernel holds the limit against a clock that counts in ticks, and which other
// programs make inexact.
func usedUp(cmd *exec.Cmd, limit time.Duration) bool {
	return cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime() >= limit*2/3
}

// resident returns the resident memory of a process in bytes, 0 where it is
// gone (proc_pid_statm(5)).
func resident(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(data))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// exitOf translates how a command ended.
func exitOf(err error, cmd *exec.Cmd) labenv.Exit {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || !ok {
		return labenv.Exit{}
	}
	if status.Signaled() {
		return labenv.Exit{Code: -1, Signal: int(status.Signal())}
	}
	return labenv.Exit{Code: status.ExitStatus()}
}

// startCommand starts a command of the user's own, with the capabilities that
// packet tools need and no others.
func startCommand(r protocol.CommandRequest, files []*os.File) (*program, error) {
	cmd := &exec.Cmd{Path: r.Path, Args: r.Args, Env: r.Env, Dir: r.Dir}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.SysProcAttr = &syscall.SysProcAttr{
		AmbientCaps: []uintptr{unix.CAP_NET_RAW, unix.CAP_NET_ADMIN},
	}
	terminal := int(files[0].Fd())
	if _, err := unix.IoctlGetTermios(terminal, unix.TCGETS); err == nil {
		// A shell wants the terminal. Its process asks for it while it is still
		// in the background, which would stop it.
		signal.Ignore(unix.SIGTTOU)
		cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, terminal
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Path, err)
	}
	p := &program{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.exit = exitOf(cmd.Wait(), cmd)
		close(p.done)
	}()
	return p, nil
}

// socketFiles returns a connected pair of sockets.
func socketFiles() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "watcher"), os.NewFile(uintptr(fds[1]), "program"), nil
}
