package probe

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// attack reserves 64 GiB that may only be read, and reads a byte here and
// there: no memory of its own, but 128 MiB of the kernel's page tables.
func attack(netip.AddrPort) {
	const size, step = 64 << 30, 2 << 20
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		tried(err, "64 GiB")
		return
	}
	sum := 0
	for i := 0; i < size; i += step {
		sum += int(m[i])
	}
	got("64 GiB, all of it %d", sum)
}
