package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// archCalls are the forms that only this architecture has.
var archCalls = []uint32{unix.SYS_FSTATAT, unix.SYS_GETRLIMIT}

// openCalls open files by their paths.
var openCalls = map[int32]openCall{
	unix.SYS_OPENAT: {path: 1, flags: 2}, unix.SYS_OPENAT2: {path: 1, flags: unreadable},
}

// statCalls describe files by their paths.
var statCalls = map[int32]statCall{unix.SYS_FSTATAT: {path: 1, buffer: 2}}
