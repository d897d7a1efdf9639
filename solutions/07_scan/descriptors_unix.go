//go:build unix

package scan

import "golang.org/x/sys/unix"

// spareDescriptors are left to the rest of the program: its files, and the
// descriptors that Go's network poller opens for itself.
const spareDescriptors = 32

// descriptors returns how many probes may hold a descriptor at once under the
// limit of this process (getrlimit(2)), at least 1. A limit that cannot be read
// is no limit here: take copes with meeting it.
func descriptors() int {
	const plenty = 1 << 16 // one for each port there is
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return plenty
	}
	return max(int(min(limit.Cur, plenty))-spareDescriptors, 1)
}
