package hostile_test

import (
	"testing"

	"wirelab/labenv/sandbox"
)

func TestProcesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]containment{
		"fork": {
			attack: attack{"fork", []string{"COUNT", "50"}}, says: []string{refused + "fork"},
			without: off(seccomp), got: []string{"50 processes"},
		},
		// Without the filter there is a limit still, for root's program too.
		"fork bomb": {
			attack: attack{"fork", []string{"COUNT", "300"}}, says: []string{refused + "fork"},
			without: off(seccomp, limits), got: []string{"300 processes"},
			behind: [][]sandbox.Guard{off(seccomp)},
		},
		"exec of another program": {
			attack: attack{"exec", []string{"PATH", "/bin/echo"}}, says: []string{refused + "execve"},
			without: off(seccomp, root, landlock), got: []string{"another program"}, ends: "exited with status 0",
			behind: [][]sandbox.Guard{off(seccomp, root), off(seccomp, landlock), off(root, landlock)},
		},
		// It cannot find its channel then, which it has used up before.
		"exec of itself": {
			attack: attack{"exec", []string{"PATH", "/proc/self/exe"}}, says: []string{refused + "execve"},
			without: off(seccomp, root), ends: "something other than the driver closed the grader's channel",
			behind: [][]sandbox.Guard{off(seccomp), off(root)},
		},
		"kill": {
			attack: attack{file: "kill"}, says: []string{refused + "kill"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.prove(t)
		})
	}
}
