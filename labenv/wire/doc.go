// Package wire reads evidence: it turns the pcapng recording of one host of a
// lab into frames, frames into conversations, and a conversation into a port
// state, its reason and the frame that decided it. It judges by packets alone;
// what a plan promised or a learner claimed it does not know.
//
// A recording has two interfaces. Index 0 holds what the host received, index
// 1 what it sent, so that a frame's direction is a fact of the capture and not
// of addresses that anybody can forge. Only a sent frame is an answer.
//
// Recordings end with synchronisation frames: Ethernet frames of EtherType
// 0x88B5 (IEEE 802 local experimental) whose payload is SyncMagic followed by
// a nonce, eight bytes big-endian. They prove that the capture worked up to
// the moment the evidence was asked for.
//
// Whoever captures writes with Writer and SyncFrame; whoever judges starts
// with Read:
//
//	trace, err := wire.Read(captures.Target, captures.Sync)
//	for _, c := range trace.To(41877) {
//		state, reason, frame := c.Verdict()
//	}
//
// What Read hands out is shared and must not be changed. It may be read by
// several goroutines at once.
package wire
