package probe

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack makes system calls that no exercise needs, each in a form that does
// no harm where it is let through. The sandbox answers EPERM; every other
// answer comes from the kernel, which has been reached then.
func attack(netip.AddrPort) {
	// Memory to point to, without package unsafe.
	page, _, errno := unix.Syscall6(unix.SYS_MMAP, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE, ^uintptr(0), 0)
	if errno != 0 {
		tried(errno, "memory")
		return
	}
	self, none := uintptr(unix.Getpid()), ^uintptr(0)
	for _, c := range []struct {
		name string
		args [7]uintptr
	}{
		{"ptrace", [7]uintptr{unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, self, page, page}},
		{"process_vm_readv", [7]uintptr{unix.SYS_PROCESS_VM_READV, self, page, 1, page, 1}},
		{"process_vm_writev", [7]uintptr{unix.SYS_PROCESS_VM_WRITEV, self, page, 1, page, 1}},
		{"unshare", [7]uintptr{unix.SYS_UNSHARE, unix.CLONE_NEWUTS}},
		{"setns", [7]uintptr{unix.SYS_SETNS, 0, 0}},
		{"mount", [7]uintptr{unix.SYS_MOUNT, 0, page, 0, unix.MS_REMOUNT}},
		{"umount2", [7]uintptr{unix.SYS_UMOUNT2, page, 0}},
		{"pivot_root", [7]uintptr{unix.SYS_PIVOT_ROOT, page, page}},
		{"chroot", [7]uintptr{unix.SYS_CHROOT, page}},
		{"bpf", [7]uintptr{unix.SYS_BPF, 0, page, 1 << 20}},
		{"io_uring_setup", [7]uintptr{unix.SYS_IO_URING_SETUP, 8, page}},
		{"io_uring_enter", [7]uintptr{unix.SYS_IO_URING_ENTER, none}},
		{"keyctl", [7]uintptr{unix.SYS_KEYCTL, 0, ^uintptr(1), 1}},
		{"perf_event_open", [7]uintptr{unix.SYS_PERF_EVENT_OPEN, page, 0, none, none, 1 << 20}},
		{"userfaultfd", [7]uintptr{unix.SYS_USERFAULTFD, 1}},
		{"memfd_create", [7]uintptr{unix.SYS_MEMFD_CREATE, page, 0}},
		{"shmget", [7]uintptr{unix.SYS_SHMGET, unix.IPC_PRIVATE, 4096, 0o600}},
		{"msgget", [7]uintptr{unix.SYS_MSGGET, unix.IPC_PRIVATE, 0o600}},
		{"semget", [7]uintptr{unix.SYS_SEMGET, unix.IPC_PRIVATE, 1, 0o600}},
		{"kill", [7]uintptr{unix.SYS_KILL, self, 0}},
		{"tkill", [7]uintptr{unix.SYS_TKILL, self, 0}},
		{"pidfd_open", [7]uintptr{unix.SYS_PIDFD_OPEN, self, 0}},
		{"pidfd_getfd", [7]uintptr{unix.SYS_PIDFD_GETFD, none, 0, 0}},
		{"prctl", [7]uintptr{unix.SYS_PRCTL, unix.PR_GET_DUMPABLE}},
		{"ioctl", [7]uintptr{unix.SYS_IOCTL, 0, unix.TIOCSTI, page}}, // what a terminal is, may be asked; to type on one is not
		{"reboot", [7]uintptr{unix.SYS_REBOOT, 0, 0, 0}},             // the magic numbers are wrong
		{"setuid", [7]uintptr{unix.SYS_SETUID, 0}},
		{"seccomp", [7]uintptr{unix.SYS_SECCOMP, none}},
		// Of the x32 ABI: a filter that looks at few bits takes it for another.
		{"system call 1073741863", [7]uintptr{0x40000027}},
	} {
		a := c.args
		_, _, errno := unix.Syscall6(a[0], a[1], a[2], a[3], a[4], a[5], a[6])
		if errno == unix.EPERM {
			fmt.Printf("no %s\n", c.name)
			continue
		}
		got("%s (%d)", c.name, errno)
	}
}
