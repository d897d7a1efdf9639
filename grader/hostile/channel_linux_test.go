package hostile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// What is written to the grader's channel, or in its place, earns nothing.
func TestForgeries(t *testing.T) {
	t.Parallel()
	const meddled = "your program meddled with the grader's channel: something other than the driver "
	for name, c := range map[string]struct {
		attack
		status check.Status
		says   string
	}{
		"to the channel":           {attack{"forge", []string{"FROM", "3"}}, check.Fail, meddled + `wrote to the grader's channel (descriptor 3): "{\"jsonrpc\"`},
		"to everything":            {attack{"forge", []string{"FROM", "0"}}, check.Fail, meddled + "wrote"},
		"to everything but that":   {attack{"forge", []string{"FROM", "4"}}, check.Pass, ""},
		"channel taken away":       {attack{file: "hangup"}, check.Fail, meddled + "closed"},
		"in the driver's own name": {attack{file: "takeover"}, check.Fail, "without sending it a packet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := theirs(t).judge(t, c.build(t), usual)
			assert.Equal(t, c.status, r.Status, r.Message)
			assert.Contains(t, r.Message, c.says)
		})
	}
}

// The control of the floods: 12 MiB are printed where the limit allows for it.
func TestFloodWithoutItsLimit(t *testing.T) {
	t.Parallel()
	d := plan.New(7)
	port := d.Port(plan.Echo)
	l := theirs(t).lab(t, d.Plan())
	p, err := l.Start(t.Context(), labenv.Program{Exe: attack{"flood", []string{"WHERE", "Stdout"}}.build(t)})
	require.NoError(t, err)
	driver, err := drive.Start(t.Context(), p, drive.Limits{Flood: 1 << 30})
	require.NoError(t, err)
	err = ask(t.Context(), driver, port)
	require.NoError(t, errors.Join(err, driver.Close()), "what was printed last is known at the end")
	assert.True(t, strings.HasSuffix(driver.Output().Text, "got all of it printed\n"))
	assert.Greater(t, driver.Output().Bytes, int64(12<<20))
	assert.Less(t, len(driver.Output().Text), 64<<10, "what is kept is bounded all the same")
}
