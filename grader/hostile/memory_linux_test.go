package hostile_test

import (
	"testing"

	"wirelab/labenv/sandbox"
)

// tooMuch is what a report says of memory bombs.
const tooMuch = "your program used more memory than the 512 MiB that it may"

func heap(mib string) attack { return attack{"heap", []string{"SIZE", mib}} }

func mapping(flags string) attack { return attack{"mapping", []string{"FLAGS", flags}} }

var memoryBombs = map[string]containment{
	"heap": {
		attack: heap("640"), says: []string{tooMuch},
		without: off(limits, memory), got: []string{"640 MiB"},
		behind: [][]sandbox.Guard{off(limits)},
	},
	"heap, twice too much": {
		attack: heap("1200"), says: []string{tooMuch},
		behind: [][]sandbox.Guard{off(memory)},
	},
	"shared mappings": {
		attack: mapping("unix.MAP_SHARED"), says: []string{refused + "mmap(MAP_SHARED)"},
		without: off(seccomp, limits, memory), got: []string{"10 mappings"},
		behind: [][]sandbox.Guard{off(seccomp), off(limits, memory)},
	},
	"huge pages": {
		attack: mapping("unix.MAP_PRIVATE|unix.MAP_HUGETLB"), says: []string{refused + "mmap(MAP_HUGETLB)"},
	},
	"growing downwards": {
		attack: attack{file: "growsdown"}, says: []string{refused + "mmap(MAP_GROWSDOWN)"},
		without: off(seccomp), got: []string{"a mapping"},
	},
	"files of memory": {
		attack: attack{file: "memfd"}, says: []string{refused + "memfd_create"},
		without: off(seccomp, limits), got: []string{"4 files"},
		behind: [][]sandbox.Guard{off(seccomp)},
	},
	"System V shared memory": {
		attack: attack{file: "shm"}, says: []string{refused + "shmget"},
		without: off(seccomp), got: []string{"4 segments"},
	},
	"page tables": {
		attack: attack{file: "pagetables"}, passes: true,
		without: off(limits), got: []string{"64 GiB"},
	},
	"queues of connections": {
		attack: attack{file: "queues"}, passes: true,
		without: off(memory, seccomp), got: []string{"256 MiB of the kernel's memory"},
	},
	"goroutines": {
		attack: attack{file: "goroutines"}, says: []string{tooMuch},
		without: off(limits, memory), got: []string{"5500 goroutines"},
	},
	"threads": {
		attack: attack{file: "threads"}, says: []string{"your program had more than the 256 threads that it may have"},
		without: off(limits), got: []string{"400 threads"},
	},
	"descriptors": {
		attack: attack{file: "descriptors"}, says: []string{"too many open files"},
		without: off(limits), got: []string{"3000 descriptors"},
	},
}

// One after the other: each takes some hundred megabytes where it is let.
func TestMemory(t *testing.T) {
	t.Parallel()
	for name, c := range memoryBombs {
		t.Run(name, func(t *testing.T) { c.prove(t) })
	}
}
