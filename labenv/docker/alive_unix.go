//go:build unix

package docker

import (
	"errors"
	"syscall"
)

// alive tells whether a process of this machine runs (kill(2), signal 0).
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
