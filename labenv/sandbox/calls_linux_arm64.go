package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// archCalls are the forms that only this architecture has.
var archCalls = []uint32{unix.SYS_FSTATAT, unix.SYS_GETRLIMIT}

// openCalls open files by the path in the argument given.
var openCalls = map[int32]int{unix.SYS_OPENAT: 1, unix.SYS_OPENAT2: 1}
