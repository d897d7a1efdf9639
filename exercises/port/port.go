// Package port is the vocabulary that every scanning exercise shares: the state
// of a port, the reason for it, and the two together as a Result. It is given;
// there is nothing to fill in here. The words are those of nmap(1), section
// "Port Scanning Basics", and of its --reason option.
package port

import "time"

// State is what a scanner may say of a port: OPEN, CLOSED or FILTERED.
type State string

// The three states.
const (
	// Open means that something accepts connections: a SYN-ACK came back.
	Open State = "OPEN"
	// Closed means that the host is there and refuses: nothing listens.
	Closed State = "CLOSED"
	// Filtered means that no answer of the port's own came: silence, or an
	// ICMP error from whoever guards it. Whether it is open cannot be known.
	Filtered State = "FILTERED"
)

// Reason is the packet, or the lack of one, that decided a State.
type Reason string

// The reasons, in nmap's --reason words. ICMP types and codes are those of
// RFC 792 and RFC 1812, section 5.2.7.1.
const (
	SYNACK          Reason = "syn-ack"          // SYN-ACK: OPEN
	ConnRefused     Reason = "conn-refused"     // connect(2) gave ECONNREFUSED: CLOSED
	Reset           Reason = "reset"            // a RST seen on the wire: CLOSED
	NoResponse      Reason = "no-response"      // silence until the timeout: FILTERED
	NetUnreach      Reason = "net-unreach"      // ICMP type 3 code 0: FILTERED
	HostUnreach     Reason = "host-unreach"     // ICMP type 3 code 1: FILTERED
	ProtoUnreach    Reason = "proto-unreach"    // ICMP type 3 code 2: FILTERED
	PortUnreach     Reason = "port-unreach"     // ICMP type 3 code 3: FILTERED
	AdminProhibited Reason = "admin-prohibited" // ICMP type 3 codes 9, 10, 13: FILTERED
)

// Result is the verdict on one port.
type Result struct {
	Port   uint16 // the port that was asked for, 1 to 65535
	State  State
	Reason Reason
	RTT    time.Duration // from the question to the answer; 0 where nothing answered
}
