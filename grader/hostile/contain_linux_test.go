package hostile_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// Short names, since tables are full of them.
const (
	root         = sandbox.GuardRoot
	capabilities = sandbox.GuardCapabilities
	landlock     = sandbox.GuardLandlock
	seccomp      = sandbox.GuardSeccomp
	limits       = sandbox.GuardLimits
	memory       = sandbox.GuardMemory
	processes    = sandbox.GuardProcesses
)

// off lists guards that are taken away.
func off(guards ...sandbox.Guard) []sandbox.Guard { return guards }

// refused begins what a report says of system calls that were refused.
const refused = "your program asked the system for what the exercise does not need, and was refused: "

// containment is an attack, what becomes of it, and its control.
type containment struct {
	attack
	check string // that it hits; "" is the usual one
	// passes is set where the program only met a limit, and answers well: then
	// there is nothing to name.
	passes bool
	says   []string // in the check's message otherwise

	without []sandbox.Guard // what the control takes away
	got     []string        // what the attack prints then
	ends    string          // or what becomes of it

	// behind lists guards that may be down without the attack's succeeding:
	// there is another behind them.
	behind [][]sandbox.Guard
}

// prove runs the attack with all guards up, and without those that it is a
// matter of. It returns the program.
func (c containment) prove(t *testing.T) *os.File {
	t.Helper()
	k := theirs(t).patient()
	program := c.build(t)
	if c.check == "" {
		c.check = usual
	}
	c.holds(t, k.judge(t, program, c.check))
	for _, guards := range c.behind {
		r := k.judge(t, program, c.check, guards...)
		assert.NotContains(t, r.Output, "got ", "without %v", guards)
		assert.NotEqual(t, check.Error, r.Status, "without %v: %s", guards, r.Message)
	}
	if len(c.without) == 0 {
		return program
	}
	output, fate := k.unguarded(t, program, c.without...)
	for _, got := range c.got {
		assert.Contains(t, output, "got "+got, "control, without %v: %v", c.without, fate)
	}
	if c.ends == "" {
		assert.NoError(t, fate, "control, without %v", c.without)
	} else {
		assert.ErrorContains(t, fate, c.ends, "control, without %v", c.without)
	}
	return program
}

// unguarded calls a program once without the guards given, and returns what it
// printed and what became of it. A control has all the time that it needs: it
// is no proof that a busy machine was too slow for an attack.
func (k *kit) unguarded(t *testing.T, program *os.File, guards ...sandbox.Guard) (output string, fate error) {
	t.Helper()
	d := plan.New(7)
	port := d.Port(plan.Echo)
	driver := seated(t, k.lab(t, d.Plan(), guards...), program)
	fate = ask(t.Context(), driver, port)
	require.NoError(t, driver.Close())
	return driver.Output().Text, fate
}

// holds tests that the attack got nothing, and is named.
func (c containment) holds(t *testing.T, r check.Result) {
	t.Helper()
	assert.NotContains(t, r.Output, "got ")
	if c.passes {
		assert.Equal(t, check.Pass, r.Status, r.Message)
		return
	}
	assert.Equal(t, check.Fail, r.Status, r.Message)
	assert.Zero(t, r.Points)
	for _, says := range c.says {
		assert.Contains(t, r.Message+r.Actual, says)
	}
}
