package hostile_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// scopesSignals is the version of Landlock from which on it keeps signals in
// (landlock(7), LANDLOCK_SCOPE_SIGNAL).
const scopesSignals = 6

// A program that kills whatever it can see reaches no other, not even one in
// the same seat, as long as one of three guards stands. The one signal call
// that Go's runtime needs is let through by the filter: there it is two.
func TestKillsReachNobody(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		without []sandbox.Guard
		behind  [][]sandbox.Guard
		scoped  [][]sandbox.Guard // where Landlock can scope signals
	}{
		"kill": {
			without: off(seccomp, landlock, processes),
			behind:  [][]sandbox.Guard{nil, off(landlock, processes), off(seccomp, landlock)},
			scoped:  [][]sandbox.Guard{off(seccomp, processes)},
		},
		"tgkill": {
			without: off(landlock, processes),
			behind:  [][]sandbox.Guard{nil, off(seccomp, landlock)},
			scoped:  [][]sandbox.Guard{off(seccomp, processes)},
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if sandbox.LandlockABI() >= scopesSignals {
				c.behind = append(c.behind, c.scoped...)
			}
			killer, victim := attack{file: file}.build(t), attack{file: "none"}.build(t)
			for _, guards := range c.behind {
				assert.True(t, survives(t, killer, victim, guards...), "without %v", guards)
			}
			assert.False(t, survives(t, killer, victim, c.without...), "control, without %v", c.without)
		})
	}
}

// survives runs an attack beside a program that does nothing, in one seat, and
// tells whether that lives.
func survives(t *testing.T, killer, victim *os.File, guards ...sandbox.Guard) bool {
	t.Helper()
	d := plan.New(7)
	port := d.Port(plan.Echo)
	l := theirs(t).lab(t, d.Plan(), guards...)
	v := seated(t, l, victim)
	call(t, v, port)
	call(t, seated(t, l, killer), port)
	return ask(t.Context(), v, port) == nil
}
