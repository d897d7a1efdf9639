package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack takes 256 MiB of System V shared memory, which stays when it is
// detached, so that it is in nobody's account.
func attack(netip.AddrPort) {
	for i := range 4 {
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 64<<20, 0o600)
		if err != nil {
			tried(err, "segment %d", i)
			return
		}
		m, err := unix.SysvShmAttach(id, 0, 0)
		if err != nil {
			tried(err, "segment %d", i)
			return
		}
		for j := 0; j < len(m); j += 4096 {
			m[j] = 1
		}
		if err := unix.SysvShmDetach(m); err != nil {
			tried(err, "segment %d", i)
			return
		}
	}
	got("4 segments")
}
