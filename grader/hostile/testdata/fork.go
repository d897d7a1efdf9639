package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack starts processes that sleep, COUNT of them.
func attack(netip.AddrPort) {
	started := 0
	var failed error
	for range COUNT {
		// The child must not return into Go's runtime: it has lost its threads.
		pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno == 0 && pid == 0 {
			for {
				unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
			}
		}
		if errno != 0 {
			failed = errno
			break
		}
		started++
	}
	tried(failed, "%d processes", started)
}
