package hostile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/check"
)

// What ends the program, or keeps it from answering, fails the check that it
// hits, and says so. None of it is an error of the kit's.
func TestEndings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attack
		says []string
	}{
		"exit":                 {attack{file: "exit"}, []string{"your program ended itself with exit status 0 before Probe had returned"}},
		"exit in init":         {attack{file: "init_exit"}, []string{"your program ended itself with exit status 0 before it had started"}},
		"panic in init":        {attack{file: "init_panic"}, []string{"your program crashed before it had started\npanic: too early"}},
		"panic in a goroutine": {attack{file: "goroutine_panic"}, []string{"your program crashed before Probe had returned\npanic: assignment to entry in nil map"}},
		"endless loop":         {attack{file: "loop"}, []string{"your program gave no answer for 5s: it hangs\n  at exercises/06_probe/"}},
		"flood of stdout":      {attack{"flood", []string{"WHERE", "Stdout"}}, []string{"your program wrote too much"}},
		"flood of stderr":      {attack{"flood", []string{"WHERE", "Stderr"}}, []string{"your program wrote too much"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := theirs(t).judge(t, c.build(t), usual)
			assert.Equal(t, check.Fail, r.Status)
			for _, says := range c.says {
				assert.Contains(t, r.Message, says)
			}
			assert.NotContains(t, r.Output, "got ")
		})
	}
}
