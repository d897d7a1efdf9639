package halfopen

import (
	"encoding/binary"
	"net/netip"
	"time"

	"wirelab/exercises/port"
)

// answer is what a packet says of a port.
type answer struct {
	port   uint16
	seq    uint32 // of the SYN that it answers
	state  port.State
	reason port.Reason
	at     time.Time
}

// The TCP header (RFC 9293, section 3.1): where things are, in bytes.
const (
	tcpSource   = 0
	tcpDest     = 2
	tcpSeq      = 4
	tcpAck      = 8
	tcpOffset   = 12 // length of the header in words of four bytes, in the upper half
	tcpFlags    = 13
	tcpWindow   = 14
	tcpChecksum = 16
	tcpHeader   = 20
)

const (
	flagSYN = 1 << 1
	flagRST = 1 << 2
	flagACK = 1 << 4
)

// protocolTCP is TCP's number in an IP header (IANA, "Protocol Numbers").
const protocolTCP = 6

// makeSYN returns a segment that asks for a connection.
func makeSYN(from, to netip.AddrPort, seq uint32) []byte {
	b := make([]byte, tcpHeader)
	binary.BigEndian.PutUint16(b[tcpSource:], from.Port())
	binary.BigEndian.PutUint16(b[tcpDest:], to.Port())
	binary.BigEndian.PutUint32(b[tcpSeq:], seq)
	b[tcpOffset] = tcpHeader / 4 << 4
	b[tcpFlags] = flagSYN
	binary.BigEndian.PutUint16(b[tcpWindow:], 1024)
	binary.BigEndian.PutUint16(b[tcpChecksum:], checksum(from.Addr(), to.Addr(), b))
	return b
}

// checksum returns the checksum of a segment whose own field is 0. It covers the
// addresses too, so that a segment that went astray is noticed (RFC 9293,
// section 3.1; RFC 8200, section 8.1).
func checksum(from, to netip.Addr, segment []byte) uint16 {
	sum := uint32(protocolTCP) + uint32(len(segment)) //nolint:gosec // a few bytes
	for _, b := range [][]byte{from.AsSlice(), to.AsSlice(), segment} {
		for ; len(b) > 1; b = b[2:] {
			sum += uint32(binary.BigEndian.Uint16(b))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// readTCP takes a segment for an answer if the host sent it to our port, and it
// acknowledges a SYN: a SYN-ACK, or a RST (RFC 9293, section 3.10.7.3). Whether
// it is the SYN that was sent, who sent it has to tell.
func (w *wire) readTCP(from netip.Addr, b []byte) (answer, bool) {
	if from.WithZone("") != w.host || len(b) < tcpHeader || binary.BigEndian.Uint16(b[tcpDest:]) != w.port {
		return answer{}, false
	}
	a := answer{port: binary.BigEndian.Uint16(b[tcpSource:]), seq: binary.BigEndian.Uint32(b[tcpAck:]) - 1}
	switch flags := b[tcpFlags]; {
	case flags&flagACK == 0:
		return answer{}, false
	case flags&flagRST != 0:
		a.state, a.reason = port.Closed, port.Reset
	case flags&flagSYN != 0:
		a.state, a.reason = port.Open, port.SYNACK
	default:
		return answer{}, false
	}
	return a, true
}

// icmpHeader is the length of an ICMP error's own header; the packet that it is
// about follows.
const icmpHeader = 8

// readICMP takes an error for an answer if it quotes a SYN of ours. Anybody on
// the way may send one: that it quotes the SYN is what vouches for it.
func (w *wire) readICMP(_ netip.Addr, b []byte) (answer, bool) {
	if len(b) < icmpHeader {
		return answer{}, false
	}
	reasonOf, quoted := reason4, quoted4
	if w.host.Is6() {
		reasonOf, quoted = reason6, quoted6
	}
	reason := reasonOf(b[0], b[1])
	from, to, segment := quoted(b[icmpHeader:])
	const ports, withSeq = tcpSeq, tcpAck // every error quotes so much at least
	if reason == "" || from != w.source || to != w.host || len(segment) < withSeq ||
		binary.BigEndian.Uint16(segment[tcpSource:ports]) != w.port {
		return answer{}, false
	}
	return answer{
		port: binary.BigEndian.Uint16(segment[tcpDest:]), seq: binary.BigEndian.Uint32(segment[tcpSeq:]),
		state: port.Filtered, reason: reason,
	}, true
}

// reason4 says what an ICMP message means for a port, "" where it means nothing
// (RFC 792; RFC 1812, section 5.2.7.1).
func reason4(typ, code byte) port.Reason {
	const unreachable = 3
	if typ != unreachable {
		return ""
	}
	switch code {
	case 0, 6, 11:
		return port.NetUnreach
	case 2:
		return port.ProtoUnreach
	case 3:
		return port.PortUnreach
	case 9, 10, 13:
		return port.AdminProhibited
	}
	return port.HostUnreach
}

// reason6 does so for ICMPv6 (RFC 4443, section 3).
func reason6(typ, code byte) port.Reason {
	const unreachable, parameterProblem, unknownNextHeader = 1, 4, 1
	switch {
	case typ == parameterProblem && code == unknownNextHeader:
		return port.ProtoUnreach
	case typ != unreachable:
		return ""
	}
	switch code {
	case 0:
		return port.NetUnreach
	case 1, 5, 6:
		return port.AdminProhibited
	case 4:
		return port.PortUnreach
	}
	return port.HostUnreach
}

// quoted4 takes apart the IPv4 packet that an error quotes (RFC 791, section
// 3.1). The segment is empty where it was not TCP, or not the first fragment.
func quoted4(b []byte) (from, to netip.Addr, segment []byte) {
	const least = 20
	if len(b) < least {
		return from, to, nil
	}
	head := int(b[0]&0x0f) * 4
	fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff
	if head < least || head > len(b) || b[9] != protocolTCP || fragment != 0 {
		return from, to, nil
	}
	return netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:])), b[head:]
}

// quoted6 does so for IPv6 (RFC 8200, section 3). Our SYNs have no extension
// headers.
func quoted6(b []byte) (from, to netip.Addr, segment []byte) {
	const head = 40
	if len(b) < head || b[6] != protocolTCP {
		return from, to, nil
	}
	return netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:])), b[head:]
}
