// Package sandbox locks a process in: an empty root, no capabilities, no way
// to gain any, Landlock, a seccomp allow-list whose refusals are recorded, and
// resource limits. The seat of every lab uses it for the learner's program,
// the grader uses parts of it for the compiler.
//
// No guard relies on another: each is there for the day on which the one
// before it has a hole. docs/threat-model.md says what each is for.
package sandbox

import "slices"

// Guard is one of the walls around a program.
type Guard string

// The guards. All stand unless a test takes one away.
const (
	GuardRoot         Guard = "root"         // an empty, read-only root file system
	GuardCapabilities Guard = "capabilities" // no capability, not even in the seat's namespaces
	GuardLandlock     Guard = "landlock"     // no file access (landlock(7))
	GuardSeccomp      Guard = "seccomp"      // an allow-list of system calls (seccomp(2))
	GuardLimits       Guard = "limits"       // setrlimit(2)
	GuardMemory       Guard = "memory"       // a watchdog on resident memory
	GuardProcesses    Guard = "processes"    // a PID namespace of the program's own

	guardAlways Guard = "no new privileges" // what the others need to be set at all
)

// Guards says which guards stand. The zero value is all of them.
type Guards struct {
	// Off lists the guards that are taken away. Only tests do that: an attack
	// that fails with all guards up proves something only if it succeeds
	// without the guard that is meant to stop it.
	Off []Guard `json:"off,omitempty"`
}

// On tells whether guard g stands.
func (gs Guards) On(g Guard) bool { return !slices.Contains(gs.Off, g) }
