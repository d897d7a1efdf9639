package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxRefused bounds how many different refusals are remembered.
const maxRefused = 32

// Watcher answers for the system calls that a program's filter does not allow:
// it refuses them and remembers their names.
type Watcher struct {
	listener *os.File
	entered  bool              // the program's own exec has been let through
	files    map[string][]byte // what the program may read, by path

	mu      sync.Mutex
	refused []string
	seen    map[string]bool
}

// entered is what a program sends once all guards stand, right before exec;
// the listener of its filter comes along. Anything else is the text of an error.
const entered = 1

// Watch waits until the program on the other end of socket has entered its
// sandbox and runs, and answers for its refused system calls in the background,
// until it ends. files are what the program may read, by absolute path; its
// Config says whether there are any. An error tells why it could not enter, or
// not be run.
func Watch(socket *os.File, files map[string][]byte) (*Watcher, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	text := make([]byte, 1024)
	n, oobn, _, _, err := unix.Recvmsg(int(socket.Fd()), text, oob, unix.MSG_CMSG_CLOEXEC)
	switch {
	case err != nil:
		return nil, fmt.Errorf("wait for the sandbox: %w", err)
	case n == 0:
		return nil, errors.New("the process ended before it had entered its sandbox")
	case text[0] != entered:
		return nil, errors.New(string(text[:n]))
	}
	w := &Watcher{seen: map[string]bool{}, files: files}
	if oobn > 0 { // else a test runs it without a filter
		if w.listener, err = listener(oob[:oobn]); err != nil {
			return nil, err
		}
		go w.run()
	}
	return w, awaitExec(socket)
}

// listener takes the seccomp listener out of a control message.
func listener(oob []byte) (*os.File, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(msgs) != 1 {
		return nil, errors.Join(errors.New("malformed control message"), err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.Join(errors.New("malformed control message"), err)
	}
	return os.NewFile(uintptr(fds[0]), "seccomp listener"), nil
}

// awaitExec waits until exec has closed the other end of socket: from then on
// the program's descriptors are its own. Before that comes what went wrong.
func awaitExec(socket *os.File) error {
	text, err := io.ReadAll(io.LimitReader(socket, 1024))
	switch {
	case err != nil && !errors.Is(err, unix.ECONNRESET): // it was killed meanwhile; Wait tells how
		return fmt.Errorf("wait for the program: %w", err)
	case len(text) > 0:
		return errors.New(string(text))
	}
	return nil
}

// Refused returns the names of what was refused so far, each once.
func (w *Watcher) Refused() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.refused...)
}

// notification is struct seccomp_notif, response struct seccomp_notif_resp
// (seccomp_unotify(2)).
type notification struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Nr    int32
	Arch  uint32
	IP    uint64
	Args  [6]uint64
}

type response struct {
	ID    uint64
	Val   int64
	Error int32
	Flags uint32
}

func (w *Watcher) run() {
	defer func() { _ = w.listener.Close() }() // nothing was written to it
	fd := w.listener.Fd()
	for {
		// Without the poll a receive would block for ever once the program,
		// and with it the filter, is gone.
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
		if _, err := unix.Poll(p, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil || p[0].Revents&unix.POLLIN == 0 {
			return
		}
		var n notification
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n)))
		if errno == unix.EINTR || errno == unix.ENOENT {
			continue // the caller was killed before it could be asked about
		}
		if errno != 0 {
			return
		}
		r, answered := w.judge(n)
		if answered {
			continue
		}
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
		// An answer that fails found nobody: a signal, such as Go's runtime
		// sends its own threads, took the caller back, and it will ask again.
		w.entered = w.entered || errno == 0 && r.Flags == unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	}
}

// judge refuses, with two exceptions: the exec that starts the program, for at
// that moment no line of the program has run, and the files that the program
// was given. answered is true where the program has its answer already.
func (w *Watcher) judge(n notification) (r response, answered bool) {
	if n.Nr == unix.SYS_EXECVEAT && !w.entered {
		return response{ID: n.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}, false
	}
	if call, ok := openCalls[n.Nr]; ok {
		return w.open(n, call)
	}
	if call, ok := statCalls[n.Nr]; ok {
		return w.describe(n, call), false
	}
	w.remember(name(n))
	return refuse(n, unix.EPERM), false
}

func (w *Watcher) remember(call string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[call] || len(w.refused) >= maxRefused {
		return
	}
	w.seen[call] = true
	w.refused = append(w.refused, call)
}

// name says what was refused.
func name(n notification) string {
	switch n.Nr {
	case unix.SYS_SOCKET:
		return "socket(" + socketName(n.Args) + ")"
	case unix.SYS_SETSOCKOPT:
		return "setsockopt(" + optionName(n.Args) + ")"
	case unix.SYS_MMAP:
		return "mmap(" + mappingName(n.Args[3]) + ")"
	}
	if s, ok := names[n.Nr]; ok {
		return s
	}
	return fmt.Sprintf("system call %d", n.Nr)
}

// The names below look at the low halves of arguments, as the filter does.

func socketName(args [6]uint64) string {
	family, kind, protocol := uint32(args[0]), uint32(args[1])&0xf, uint32(args[2]) //nolint:gosec // low halves
	name, ok := families[family]
	if !ok {
		return fmt.Sprintf("family %d", family)
	}
	if family != unix.AF_INET && family != unix.AF_INET6 {
		return name
	}
	if kind == unix.SOCK_STREAM || kind == unix.SOCK_DGRAM {
		return fmt.Sprintf("%s, protocol %d", name, protocol)
	}
	return name + ", raw"
}

func optionName(args [6]uint64) string {
	level, option := uint32(args[1]), uint32(args[2]) //nolint:gosec // low halves
	for _, o := range options {
		if o.level == level && o.option == option {
			return o.name
		}
	}
	return fmt.Sprintf("level %d, option %d", level, option)
}

func mappingName(flags uint64) string {
	switch {
	case flags&unix.MAP_SHARED != 0:
		return "MAP_SHARED"
	case flags&unix.MAP_HUGETLB != 0:
		return "MAP_HUGETLB"
	}
	return "MAP_GROWSDOWN"
}

// harmless are the files that Go's runtime and standard library look for by
// themselves. They are not there, and nobody is blamed for that.
var harmless = map[string]bool{
	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size": true,
	"/proc/self/auxv": true, "/proc/self/cgroup": true, "/proc/self/mountinfo": true, "/proc/self/maps": true,
	"/proc/sys/net/core/somaxconn": true, "/proc/sys/net/ipv4/ip_local_port_range": true,
	"/proc/sys/kernel/hostname": true, "/etc/resolv.conf": true, "/etc/hosts": true, "/etc/nsswitch.conf": true,
	"/etc/services": true, "/etc/protocols": true, "/etc/localtime": true, "/etc/mdns.allow": true,
	"/usr/share/zoneinfo/": true, "/dev/null": true,
}

// maxPath bounds how much of a path is read, in bytes.
const maxPath = 256

// readString reads a C string out of the asking process. What cannot be read
// is "?": the name is for a report, not for a decision.
func readString(pid uint32, addr uint64) string {
	buf := make([]byte, maxPath)
	local := []unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(len(buf))
	// In two parts, for the string may end in a page that is the last one.
	page := uint64(os.Getpagesize()) //nolint:gosec // a size
	first := min(page-addr%page, maxPath)
	remote := []unix.RemoteIovec{
		{Base: uintptr(addr), Len: int(first)},
		{Base: uintptr(addr + first), Len: maxPath - int(first)},
	}
	n, err := unix.ProcessVMReadv(int(pid), local, remote, 0)
	if err != nil { // engines' filters refuse it, and let the file be read
		n, err = readMemory(pid, buf, addr)
	}
	if err != nil {
		return "?"
	}
	s, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(s)
}

// readMemory reads a process's memory through its file (proc_pid_mem(5)), as far
// as there is some: a string may end in the last page.
func readMemory(pid uint32, buf []byte, addr uint64) (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := f.ReadAt(buf, int64(addr)) //nolint:gosec // user space lies below 2^63
	if n > 0 {
		return n, nil
	}
	return 0, err
}
