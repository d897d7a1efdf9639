package sandbox

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"wirelab/labenv"
)

// Config says what to become.
type Config struct {
	Args   []string `json:"args"` // of the program, without its name
	NetRaw bool     `json:"net_raw"`
	// Files says that the watcher has files for the program.
	Files  bool          `json:"files,omitempty"`
	Limits labenv.Limits `json:"limits"` // every field set
	Guards Guards        `json:"guards"`
	// Contained says that a container's engine has made the walls that need
	// privileges already: an empty, read-only root, no capabilities (but
	// CAP_NET_RAW where the container has it), a PID namespace, which the
	// program shares with the seat and the seat's other programs.
	Contained bool `json:"contained,omitempty"`
	// Exe is the descriptor of the program, Notify that of the Unix socket on
	// which the seccomp listener is handed out. Both are closed by exec.
	Exe    int `json:"exe"`
	Notify int `json:"notify"`
}

// Enter locks the calling process in and becomes the program: it returns only
// if it fails, and then the Watcher has the error too. The caller must be the
// first process of new mount, IPC, UTS and (GuardProcesses) PID namespaces, and
// root of their user namespace, or in a container (Config.Contained); its descriptors 0 to 3 are what the program
// inherits.
func Enter(cfg Config) error {
	// What follows binds one thread, and exec carries over from that thread.
	runtime.LockOSThread()
	err := enter(cfg)
	// The watcher waits for a word; should it be gone, nobody is left to tell.
	_ = unix.Sendmsg(cfg.Notify, []byte(err.Error()), nil, nil, 0)
	return err
}

// channel is the last descriptor that a program inherits.
const channel = 3

func enter(cfg Config) error {
	// Exe and Notify are above the channel, and so is whatever the kit was left
	// by those who started it: a pipe of make's, a socket of some runner's.
	if err := unix.CloseRange(channel+1, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("sandbox, close_range: %w", err)
	}
	for _, s := range []struct {
		guard Guard
		set   func(Config) error
	}{
		{GuardRoot, emptyRoot},
		{GuardLimits, setLimits},
		{guardAlways, noNewPrivileges},
		{GuardLandlock, restrictFiles},
		{GuardCapabilities, dropCapabilities},
	} {
		if !cfg.Guards.On(s.guard) {
			continue
		}
		if err := s.set(cfg); err != nil {
			return fmt.Errorf("sandbox, %s: %w", s.guard, err)
		}
	}
	if err := filterAndReport(cfg); err != nil {
		return fmt.Errorf("sandbox, %s: %w", GuardSeccomp, err)
	}
	return fmt.Errorf("sandbox, exec: %w", execDescriptor(cfg.Exe, append([]string{"program"}, cfg.Args...)))
}

// filterAndReport sets the last guard and tells the watcher that all stand.
func filterAndReport(cfg Config) error {
	if !cfg.Guards.On(GuardSeccomp) {
		return unix.Sendmsg(cfg.Notify, []byte{entered}, nil, nil, 0)
	}
	listener, err := filterSystemCalls(cfg)
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(cfg.Notify, []byte{entered}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over the listener: %w", err)
	}
	return unix.Close(listener)
}

// emptyRoot makes an empty read-only tmpfs the root. With "." for both
// arguments pivot_root(2) needs no folder for the old root.
func emptyRoot(cfg Config) error {
	if cfg.Contained {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	// Any folder will do as a mount point, and /proc is one everywhere.
	if err := unix.Mount("tmpfs", "/proc", "tmpfs", flags, "size=4k,mode=555"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := unix.Chdir("/proc"); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY|flags, "")
}

// addressSpace bounds what a program reserves, in bytes. A Go program reserves
// far more than it uses, so this is no bound on memory. But page tables are
// memory too, 2 MiB for each GiB that is so much as read, and nothing else
// counts those.
const addressSpace = 16 << 30

// setLimits sets the resource limits.
func setLimits(cfg Config) error {
	l := cfg.Limits
	for _, r := range []struct {
		resource int
		value    int64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_MEMLOCK, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
		{unix.RLIMIT_NOFILE, int64(l.Descriptors)},
		{unix.RLIMIT_NPROC, int64(l.Threads)},
		// Twice, so that a program that grows is ended by the watchdog, which
		// says why, and not by its own runtime for a refused mmap(2).
		{unix.RLIMIT_DATA, 2 * l.Memory},
		{unix.RLIMIT_AS, addressSpace},
		{unix.RLIMIT_CPU, int64(l.CPU.Seconds())},
	} {
		v := uint64(r.value) //nolint:gosec // limits are positive
		if err := unix.Setrlimit(r.resource, &unix.Rlimit{Cur: v, Max: v}); err != nil {
			return fmt.Errorf("setrlimit %d: %w", r.resource, err)
		}
	}
	return nil
}

func noNewPrivileges(Config) error {
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// dropCapabilities empties every set but, where asked for, keeps CAP_NET_RAW.
// The bounding set matters most: the program runs as root of its namespace,
// and exec would hand root whatever that set still holds.
func dropCapabilities(cfg Config) error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if cfg.NetRaw && c == unix.CAP_NET_RAW {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if cfg.Contained && errors.Is(err, unix.EPERM) {
			break // who may not drop holds none to drop
		}
		if err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	var keep uint32
	if cfg.NetRaw {
		keep = 1 << unix.CAP_NET_RAW
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: keep, Permitted: keep, Inheritable: keep}}
	if err := unix.Capset(&hdr, &data[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	if !cfg.NetRaw {
		return nil
	}
	// Under no_new_privs exec gives root nothing; the ambient set survives it.
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_NET_RAW, 0, 0)
}

// execDescriptor runs the program behind a descriptor: it needs no name in the
// file system, so there is none for the program to find.
func execDescriptor(fd int, argv []string) error {
	args, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	env := []*byte{nil}
	empty := []byte{0}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(fd),
		uintptr(unsafe.Pointer(&empty[0])), uintptr(unsafe.Pointer(&args[0])),
		uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0)
	return errno
}
