package wire

import "net/netip"

// Noise tells whether the frame is what kernels say to one another unasked:
// ARP, ICMPv6 neighbour discovery and router solicitations (RFC 4861), multicast
// listener messages (RFC 3810) and IGMP. No program need have caused it.
func (f Frame) Noise() bool {
	switch {
	case f.ARP != nil, f.Protocol == ProtoIGMP:
		return true
	case f.ICMP == nil || f.Protocol != ProtoICMPv6:
		return false
	}
	switch f.ICMP.Type {
	case 130, 131, 132, 133, 135, 136, 143:
		return true
	}
	return false
}

// Received returns the frames that the host received, without Noise.
func (t *Trace) Received() []Frame {
	return t.Strays(func(netip.AddrPort) bool { return false })
}

// Strays returns the frames that the host received though nobody asked for
// them: all but Noise, TCP and UDP to an address and port for which asked is
// true, and ICMP errors that quote what the host itself sent from there (a
// kernel's reaction to a late answer).
func (t *Trace) Strays(asked func(netip.AddrPort) bool) []Frame {
	var strays []Frame
	for i := range t.Frames {
		f := &t.Frames[i]
		if f.Sent || f.Noise() {
			continue
		}
		if to, ok := meant(f); !ok || !asked(to) {
			strays = append(strays, *f)
		}
	}
	return strays
}

// meant returns the port of the host that a received frame is about; ok is
// false where it is about none.
func meant(f *Frame) (to netip.AddrPort, ok bool) {
	switch {
	case f.TCP != nil, f.UDP != nil:
		return f.Dst, true
	case f.Unreach != nil:
		return f.Unreach.Quoted.Src, f.Unreach.Quoted.Src.Port() != 0
	}
	return netip.AddrPort{}, false
}
