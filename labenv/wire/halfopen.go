package wire

// PastSYN returns the first segment of the peer's that is more than a question:
// it acknowledges (and so completes a handshake), carries data, or ends a
// connection with FIN. A SYN without data, and a RST, are less than that: who
// asks and hangs up sends no more. It is nil where there is none.
func (c Conversation) PastSYN() *Frame {
	for i := range c.Frames {
		f := &c.Frames[i]
		switch {
		case f.Sent, f.TCP == nil:
		case f.TCP.Payload > 0, !f.TCP.RST && !isSYN(f):
			return f
		}
	}
	return nil
}

// Questions returns the SYNs that the host received, in order.
func (t *Trace) Questions() []Frame {
	var syns []Frame
	for i := range t.Frames {
		if isSYN(&t.Frames[i]) {
			syns = append(syns, t.Frames[i])
		}
	}
	return syns
}
