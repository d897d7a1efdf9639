//go:build !unix

package scan

// descriptors returns how many probes may hold a socket at once: systems
// without getrlimit(2) have no limit to ask for, and take copes with meeting it.
func descriptors() int { return 1 << 16 } // one for each port there is
