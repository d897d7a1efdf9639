package plan

import (
	"fmt"

	"wirelab/exercises/port"
)

// Behaviour is how a port of a host acts.
type Behaviour string

// The behaviours. A port that no plan names is Closed.
const (
	// Closed listens to nobody; the kernel answers a SYN with RST (RFC 9293,
	// section 3.5.2), a datagram with ICMP port unreachable.
	Closed Behaviour = "closed"
	// Echo accepts and sends back what comes.
	Echo Behaviour = "echo"
	// Greeting accepts and sends Port.Text at once.
	Greeting Behaviour = "greeting"
	// Silent accepts and says nothing until it is spoken to; then it answers
	// each read with Port.Text, if there is any.
	Silent Behaviour = "silent"
	// AcceptClose accepts, then closes at once with FIN.
	AcceptClose Behaviour = "accept-close"
	// AcceptReset accepts, then resets the connection 50 ms later.
	AcceptReset Behaviour = "accept-reset"
	// HTTP accepts and answers each request with a small page (RFC 9112).
	HTTP Behaviour = "http"
	// TLS accepts and speaks TLS with a certificate made at the start; inside
	// it answers like HTTP. Plaintext makes it close without a byte.
	TLS Behaviour = "tls"
	// HTTPS is TLS, but to plaintext it answers with a 400 of HTTP, in plaintext.
	HTTPS Behaviour = "https"
	// Scripted accepts and says what Port.Script has.
	Scripted Behaviour = "scripted"
	// Redis answers PING with +PONG, an HTTP Host: line by closing, and
	// anything else with -ERR.
	Redis Behaviour = "redis"
	// DNS answers for the zone lab.test.
	DNS Behaviour = "dns"
	// Drop makes the packet filter drop what comes, silently.
	Drop Behaviour = "drop"
	// Reset makes the packet filter answer with RST. On the wire it is like
	// Closed; it shows that a filter can refuse as well.
	Reset Behaviour = "reset"
	// ICMP makes the packet filter answer with ICMP destination unreachable
	// and Port.Code (RFC 792; RFC 4443 for IPv6, see ICMPv6).
	ICMP Behaviour = "icmp"
	// Forge drops what comes, and answers each SYN with what no honest host
	// would send: a SYN-ACK and a RST that acknowledge another SYN, a RST from
	// another address, an ICMP error that quotes another sequence number. None
	// of them is an answer (RFC 9293, section 3.10.7.3; RFC 5927), so that the
	// port is as silent as one that drops.
	Forge Behaviour = "forge"
)

// Accepts tells whether a TCP port that behaves so completes handshakes.
func (b Behaviour) Accepts() bool {
	switch b {
	case Echo, Greeting, Silent, AcceptClose, AcceptReset, HTTP, TLS, HTTPS, Scripted, Redis, DNS:
		return true
	}
	return false
}

// Proto is the transport protocol of a port.
type Proto string

// The two transports.
const (
	TCP Proto = "tcp"
	UDP Proto = "udp"
)

// Port is one port of a host and how it behaves.
type Port struct {
	Number    uint16    `json:"number"`
	Proto     Proto     `json:"proto"`
	Behaviour Behaviour `json:"behaviour"`
	// Code is the ICMP type 3 code that an ICMP port answers with.
	Code uint8 `json:"code,omitempty"`
	// Text is what Greeting and Silent ports say.
	Text string `json:"text,omitempty"`
	// Script is what a Scripted port says; nil is nothing.
	Script *Script `json:"script,omitempty"`
	// Loss is the percentage of packets to this port that get lost, 0 to 100.
	Loss int `json:"loss,omitempty"`
	// LoseFirst is how many packets to this port get lost before the first
	// arrives, over all senders and both address families.
	LoseFirst int `json:"lose_first,omitempty"`
}

// String names the port and its behaviour, "41877/tcp icmp 3/13".
func (p Port) String() string {
	s := fmt.Sprintf("%d/%s %s", p.Number, p.Proto, p.Behaviour)
	if p.Behaviour == ICMP {
		s += fmt.Sprintf(" 3/%d", p.Code)
	}
	if p.Loss > 0 {
		s += fmt.Sprintf(" loss %d%%", p.Loss)
	}
	if p.LoseFirst > 0 {
		s += fmt.Sprintf(" loses the first %d", p.LoseFirst)
	}
	return s
}

// State is the truth about a TCP port: what a scanner must say of it.
func (p Port) State() port.State {
	switch {
	case p.Behaviour.Accepts():
		return port.Open
	case p.Behaviour == Closed, p.Behaviour == Reset:
		return port.Closed
	default:
		return port.Filtered
	}
}

// Reason is what the wire shows of a TCP port: the kind of packet that answers
// its SYN.
func (p Port) Reason() port.Reason {
	switch p.State() {
	case port.Open:
		return port.SYNACK
	case port.Closed:
		return port.Reset
	}
	if p.Behaviour == ICMP {
		return UnreachReason(p.Code)
	}
	return port.NoResponse
}

// UnreachReason is the reason that an ICMP type 3 code stands for. Codes that
// have no reason of their own count as host-unreach, as nmap counts them.
func UnreachReason(code uint8) port.Reason {
	switch code {
	case 0, 6, 11:
		return port.NetUnreach
	case 2:
		return port.ProtoUnreach
	case 3:
		return port.PortUnreach
	case 9, 10, 13:
		return port.AdminProhibited
	default:
		return port.HostUnreach
	}
}

// ICMPv6 returns the ICMPv6 type and code (RFC 4443, section 3) that say over
// IPv6 what ICMP type 3 with the given code says over IPv4.
func ICMPv6(code uint8) (typ, code6 uint8) {
	switch UnreachReason(code) {
	case port.NetUnreach:
		return 1, 0
	case port.AdminProhibited:
		return 1, 1
	case port.PortUnreach:
		return 1, 4
	case port.ProtoUnreach:
		return 4, 1
	default:
		return 1, 3
	}
}

// UnreachReason6 is the reason that an ICMPv6 error stands for; ok is false
// for a message that says nothing about reachability.
func UnreachReason6(typ, code uint8) (r port.Reason, ok bool) {
	switch {
	case typ == 4 && code == 1:
		return port.ProtoUnreach, true
	case typ != 1:
		return "", false
	}
	switch code {
	case 0:
		return port.NetUnreach, true
	case 1, 5, 6:
		return port.AdminProhibited, true
	case 4:
		return port.PortUnreach, true
	default:
		return port.HostUnreach, true
	}
}
