package wire

import (
	"fmt"
	"strings"
)

// Summary says in a few words what the frame is: "SYN", "RST-ACK", "12 bytes
// of data", "ICMP host unreachable (3/1)", "UDP, 5 bytes".
func (f Frame) Summary() string {
	switch {
	case f.TCP != nil:
		return f.TCP.summary()
	case f.UDP != nil:
		return "UDP, " + bytesOf(f.UDP.Payload)
	case f.ICMP != nil && f.Protocol == ProtoICMPv6:
		return f.ICMP.summary("ICMPv6", icmpv6Names)
	case f.ICMP != nil:
		return f.ICMP.summary("ICMP", icmpNames)
	case f.ARP != nil:
		return f.arpSummary()
	}
	return f.otherSummary()
}

func (t *TCP) summary() string {
	flags := t.flags()
	switch {
	case t.Payload == 0:
		return flags
	case flags == "ACK":
		return bytesOf(t.Payload) + " of data"
	default:
		return flags + " with " + bytesOf(t.Payload) + " of data"
	}
}

// flags names the flags that matter to a verdict, "SYN-ACK".
func (t *TCP) flags() string {
	var names []string
	for _, flag := range []struct {
		set  bool
		name string
	}{{t.SYN, "SYN"}, {t.FIN, "FIN"}, {t.RST, "RST"}, {t.ACK, "ACK"}} {
		if flag.set {
			names = append(names, flag.name)
		}
	}
	if names == nil {
		return "TCP without flags"
	}
	return strings.Join(names, "-")
}

func (m *ICMP) summary(protocol string, names map[ICMP]string) string {
	name, ok := names[*m]
	if !ok {
		name = names[ICMP{Type: m.Type, Code: anyCode}]
	}
	if name == "" {
		name = "message"
	}
	return fmt.Sprintf("%s %s (%d/%d)", protocol, name, m.Type, m.Code)
}

func (f Frame) arpSummary() string {
	switch f.ARP.Operation {
	case 1:
		return "ARP who has " + f.Dst.Addr().String()
	case 2:
		return fmt.Sprintf("ARP %s is at %s", f.Src.Addr(), f.ARP.Sender)
	}
	return fmt.Sprintf("ARP operation %d", f.ARP.Operation)
}

// otherSummary names frames that no layer of their own describes.
func (f Frame) otherSummary() string {
	switch {
	case f.Fragment && f.Protocol == protoFragment6:
		return "IPv6 fragment"
	case f.Fragment:
		return "IPv4 fragment"
	case f.Protocol == ProtoIGMP:
		return "IGMP"
	case f.Protocol == ProtoTCP:
		return "damaged TCP segment"
	case f.Protocol != 0:
		return fmt.Sprintf("IP protocol %d", f.Protocol)
	case f.EtherType == EtherTypeIPv4:
		return "damaged IPv4 packet"
	case f.EtherType == EtherTypeIPv6:
		return "damaged IPv6 packet"
	case f.EtherType == EtherTypeARP:
		return "damaged ARP packet"
	}
	return fmt.Sprintf("EtherType 0x%04x", f.EtherType)
}

func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// anyCode stands in the tables for the codes of a type that are not listed.
const anyCode = 255

// icmpNames names ICMP messages (RFC 792; RFC 1812, section 5.2.7.1).
var icmpNames = map[ICMP]string{
	{0, anyCode}:  "echo reply",
	{3, 0}:        "net unreachable",
	{3, 1}:        "host unreachable",
	{3, 2}:        "protocol unreachable",
	{3, 3}:        "port unreachable",
	{3, 4}:        "fragmentation needed",
	{3, 5}:        "source route failed",
	{3, 6}:        "net unknown",
	{3, 7}:        "host unknown",
	{3, 9}:        "net prohibited",
	{3, 10}:       "host prohibited",
	{3, 11}:       "net unreachable for this service",
	{3, 12}:       "host unreachable for this service",
	{3, 13}:       "administratively prohibited",
	{3, anyCode}:  "destination unreachable",
	{5, anyCode}:  "redirect",
	{8, anyCode}:  "echo request",
	{11, anyCode}: "time exceeded",
	{12, anyCode}: "parameter problem",
}

// icmpv6Names names ICMPv6 messages (RFC 4443, RFC 4861, RFC 3810).
var icmpv6Names = map[ICMP]string{
	{1, 0}:         "no route to destination",
	{1, 1}:         "administratively prohibited",
	{1, 2}:         "beyond scope of source address",
	{1, 3}:         "address unreachable",
	{1, 4}:         "port unreachable",
	{1, 5}:         "source address failed policy",
	{1, 6}:         "reject route to destination",
	{1, anyCode}:   "destination unreachable",
	{2, anyCode}:   "packet too big",
	{3, anyCode}:   "time exceeded",
	{4, 1}:         "unrecognised next header",
	{4, anyCode}:   "parameter problem",
	{128, anyCode}: "echo request",
	{129, anyCode}: "echo reply",
	{130, anyCode}: "multicast listener query",
	{131, anyCode}: "multicast listener report",
	{132, anyCode}: "multicast listener done",
	{133, anyCode}: "router solicitation",
	{134, anyCode}: "router advertisement",
	{135, anyCode}: "neighbour solicitation",
	{136, anyCode}: "neighbour advertisement",
	{137, anyCode}: "redirect",
	{143, anyCode}: "multicast listener report",
}
