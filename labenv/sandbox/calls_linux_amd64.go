package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// archCalls are the older forms that only this architecture has.
var archCalls = []uint32{
	unix.SYS_ARCH_PRCTL, unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_TIME,
	unix.SYS_NEWFSTATAT, unix.SYS_READLINK, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_PIPE,
	unix.SYS_DUP2, unix.SYS_EVENTFD, unix.SYS_EPOLL_CREATE, unix.SYS_GETRLIMIT,
}

func init() {
	names[unix.SYS_FORK] = "fork"
	names[unix.SYS_VFORK] = "fork"
}

// openCalls open files by the path in the argument given.
var openCalls = map[int32]int{unix.SYS_OPENAT: 1, unix.SYS_OPENAT2: 1, unix.SYS_OPEN: 0}
