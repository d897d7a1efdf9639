package host

import (
	"time"

	"wirelab/labenv/plan"
)

// resetDelay is how long AcceptReset waits: a client that had connected must
// be able to notice before the connection is gone.
const resetDelay = 50 * time.Millisecond

// echo sends back what comes until the client has sent all of it (RFC 862).
func echo(c client) {
	buffer := make([]byte, chunk)
	for {
		n, err := c.Read(buffer)
		if n > 0 {
			if _, err := c.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// greeting speaks first, then listens for as long as the client stays.
func greeting(text string) func(client) {
	return func(c client) {
		if _, err := c.Write([]byte(text)); err == nil {
			c.discard(maxDrain)
		}
	}
}

// scripted says what the script has, and listens for as long as the client stays.
func (h *Host) scripted(s *plan.Script) func(client) {
	if s == nil {
		return silent("")
	}
	return func(c client) {
		if !h.sayOpening(c, s) {
			return
		}
		if s.Answer != nil {
			if _, err := c.Read(make([]byte, chunk)); err != nil {
				return
			}
			if _, err := c.Write(s.Answer); err != nil {
				return
			}
		}
		if s.HangUp {
			c.finish()
			return
		}
		c.discard(maxDrain)
	}
}

// sayOpening says what a script begins with. It returns whether the client still
// listens.
func (h *Host) sayOpening(c client, s *plan.Script) bool {
	for i := 0; i < len(s.Opening) || s.Endless; i++ {
		if i > 0 {
			h.clients.pause(s.Pause)
		}
		if _, err := c.Write(s.Opening[min(i, len(s.Opening)-1)]); err != nil {
			return false
		}
	}
	return true
}

// silent speaks when it is spoken to.
func silent(text string) func(client) {
	return func(c client) {
		buffer := make([]byte, chunk)
		for {
			if _, err := c.Read(buffer); err != nil {
				return
			}
			if text == "" {
				continue
			}
			if _, err := c.Write([]byte(text)); err != nil {
				return
			}
		}
	}
}

// acceptReset resets the connection a while after it was accepted.
func (h *Host) acceptReset(c client) {
	h.clients.pause(resetDelay)
	// With nothing to linger for, closing sends RST (socket(7), SO_LINGER).
	_ = c.SetLinger(0)
}
