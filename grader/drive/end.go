package drive

import (
	"errors"
	"time"

	"github.com/creachadair/jrpc2"

	"wirelab/grader/drivers/serve"
	"wirelab/labenv"
)

// hungUp is called once, when nothing more comes from the channel. Where the
// program has not ended either, it is stopped.
func (d *Driver) hungUp(_ *jrpc2.Client, err error) {
	close(d.stopped)
	var tamper *TamperError
	var flood *FloodError
	if errors.As(err, &tamper) || errors.As(err, &flood) {
		d.stop(err)
		return
	}
	select {
	case <-d.ended:
	case <-time.After(grace):
		d.stop(&TamperError{Closed: true})
	}
}

// endedByItself says why a driver ended that nobody stopped: it never does so of
// its own accord.
func (d *Driver) endedByItself(exit labenv.Exit) error {
	if exit.Code == serve.StatusChannelLost || exit.Code == serve.StatusHungUp {
		return &TamperError{Closed: true, Refused: exit.Refused}
	}
	t := d.output.lastTrace()
	return &CrashError{Exit: exit, Panic: t.reason, Stack: t.first(), Refused: exit.Refused}
}
