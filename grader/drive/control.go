package drive

import "time"

// controlStep is how often the control timer is due.
const controlStep = 5 * time.Millisecond

// control is a timer that does nothing but note how late it runs. On a busy
// machine the learner's timers are as late, through no fault of theirs.
type control struct {
	stopping chan struct{}
	worst    chan time.Duration
}

func startControl() *control {
	c := &control{stopping: make(chan struct{}), worst: make(chan time.Duration, 1)}
	go c.run()
	return c
}

func (c *control) run() {
	var worst time.Duration
	for {
		due := time.Now().Add(controlStep)
		select {
		case <-time.After(controlStep):
			worst = max(worst, time.Since(due))
		case <-c.stopping:
			c.worst <- max(worst, time.Since(due))
			return
		}
	}
}

// stop ends the timer and returns the most that it was late, at once or in the
// end; 0 if it never was.
func (c *control) stop() time.Duration {
	close(c.stopping)
	return <-c.worst
}
