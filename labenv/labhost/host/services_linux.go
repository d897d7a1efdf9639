package host

import "time"

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
