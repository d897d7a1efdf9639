package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openCall says in which arguments of a system call the path and the flags of
// an open are, statCall where the path is and where the answer goes.
type (
	openCall struct{ path, flags int }
	statCall struct{ path, buffer int }
)

// unreadable stands for flags that are not in an argument (openat2(2)).
const unreadable = -1

// addFD is struct seccomp_notif_addfd (seccomp_unotify(2)).
type addFD struct {
	ID         uint64
	Flags      uint32
	Source     uint32
	New        uint32
	NewFDFlags uint32
}

// The requests of seccomp_unotify(2) that package unix lacks: _IOW('!', 2, __u64)
// and _IOW('!', 3, struct seccomp_notif_addfd).
const (
	notifIDValid = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID
	notifAddFD   = 0x40182103 // SECCOMP_IOCTL_NOTIF_ADDFD
)

// open answers for an open. A file that the program was given is lent to it: a
// descriptor for reading, put into the program by the kernel together with the
// answer, so that nothing on the program's side decides which file that is.
// answered is true where nothing more is to be said.
func (w *Watcher) open(n notification, call openCall) (r response, answered bool) {
	name := readString(n.PID, n.Args[call.path])
	content, ours := w.files[resolve(name)]
	if content == nil || call.flags == unreadable {
		if !ours && !harmless[name] {
			w.remember(fmt.Sprintf("open %q", name))
		}
		return refuse(n, unix.ENOENT), false
	}
	if n.Args[call.flags]&unix.O_ACCMODE != unix.O_RDONLY {
		w.remember(fmt.Sprintf("write %q", name))
		return refuse(n, unix.EROFS), false
	}
	if errno := w.lend(n, content); errno != 0 {
		return refuse(n, errno), false
	}
	return response{}, true
}

// lend gives the asking thread a descriptor of a file with that content, and
// has its open return the number (Linux 5.14 or later).
func (w *Watcher) lend(n notification, content []byte) unix.Errno {
	f, err := memoryFile(content)
	if err != nil {
		return unix.EIO
	}
	defer f.Close()
	a := addFD{ID: n.ID, Flags: unix.SECCOMP_ADDFD_FLAG_SEND, Source: uint32(f.Fd()), NewFDFlags: unix.O_CLOEXEC} //nolint:gosec // a descriptor
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, w.listener.Fd(), notifAddFD, uintptr(unsafe.Pointer(&a)))
	return errno
}

// describe answers for a look at a file by its path. Where there is no such file,
// the program may look for itself: its root is empty.
func (w *Watcher) describe(n notification, call statCall) response {
	content := w.files[resolve(readString(n.PID, n.Args[call.path]))]
	if content == nil {
		return response{ID: n.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	}
	if err := w.writeStat(n, n.Args[call.buffer], content); err != nil {
		return refuse(n, unix.EFAULT)
	}
	return response{ID: n.ID}
}

// writeStat puts what fstat(2) says of the file where the program asked for it.
func (w *Watcher) writeStat(n notification, addr uint64, content []byte) error {
	f, err := memoryFile(content)
	if err != nil {
		return err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", n.PID), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	// While the caller still waits, nobody else can have its number
	// (seccomp_unotify(2)).
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, w.listener.Fd(), notifIDValid, uintptr(unsafe.Pointer(&n.ID))); errno != 0 {
		return errors.Join(errno, memory.Close())
	}
	_, err = memory.WriteAt(unsafe.Slice((*byte)(unsafe.Pointer(&st)), unsafe.Sizeof(st)), int64(addr)) //nolint:gosec // user space lies below 2^63
	return errors.Join(err, memory.Close())
}

// memoryFile returns a file with that content, open for reading alone.
func memoryFile(content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("file", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	w := os.NewFile(uintptr(fd), "file")
	defer w.Close()
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Chmod(0o444); err != nil {
		return nil, err
	}
	return os.Open("/proc/self/fd/" + strconv.Itoa(fd))
}

// resolve makes a program's path absolute: it starts in the root, and there is
// no other folder to go to.
func resolve(name string) string { return path.Clean("/" + name) }

func refuse(n notification, errno unix.Errno) response {
	return response{ID: n.ID, Error: -int32(errno)} //nolint:gosec // errnos are small
}
