package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// archCalls are the older forms that only this architecture has.
var archCalls = []uint32{
	unix.SYS_ARCH_PRCTL, unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_TIME,
	unix.SYS_NEWFSTATAT, unix.SYS_READLINK, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_PIPE,
	unix.SYS_DUP2, unix.SYS_EVENTFD, unix.SYS_EPOLL_CREATE, unix.SYS_GETRLIMIT,
}

// statCalls describe files by their paths.
var statCalls = map[int32]statCall{
	unix.SYS_NEWFSTATAT: {path: 1, buffer: 2}, unix.SYS_STAT: {path: 0, buffer: 1}, unix.SYS_LSTAT: {path: 0, buffer: 1},
}

func init() {
	names[unix.SYS_FORK] = "fork"
	names[unix.SYS_VFORK] = "fork"
}

// openCalls open files by their paths.
var openCalls = map[int32]openCall{
	unix.SYS_OPENAT: {path: 1, flags: 2}, unix.SYS_OPEN: {path: 0, flags: 1}, unix.SYS_OPENAT2: {path: 1, flags: unreadable},
}
