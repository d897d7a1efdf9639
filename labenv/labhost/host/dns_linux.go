package host

import (
	"encoding/binary"
	"io"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"wirelab/labenv/plan"
)

const (
	domain = plan.Domain
	// ttl is how long its answers may be kept, in seconds.
	ttl = 60
	// maxQuery bounds a query over TCP, in bytes.
	maxQuery = 4 << 10
)

// zone is what the lab's DNS server knows. Names are fully qualified, in lower
// case, and end with a dot.
type zone struct {
	addrs map[string][]netip.Addr
	later map[string][]netip.Addr    // of names whose addresses change
	asked *sync.Map                  // the questions that came for those, by name and type
	names map[string]dnsmessage.Name // by name below in-addr.arpa or ip6.arpa
}

// newZone makes the zone lab.test of the given hosts; none means the usual.
func newZone(hosts []plan.Host) zone {
	if len(hosts) == 0 {
		p := plan.Practice()
		hosts = []plan.Host{p.Target, p.Neighbour, p.Seat}
	}
	z := zone{
		addrs: map[string][]netip.Addr{domain + ".": nil}, later: map[string][]netip.Addr{}, asked: &sync.Map{},
		names: map[string]dnsmessage.Name{},
	}
	for _, h := range hosts {
		for _, n := range h.Names {
			z.addrs[n.Name+"."] = n.Addrs
			if n.Later != nil {
				z.later[n.Name+"."] = n.Later
			}
		}
		name := strings.ToLower(h.Name) + "." + domain + "."
		pointer, err := dnsmessage.NewName(name)
		if err != nil {
			continue // too long to be asked for, too
		}
		z.addrs[name] = addresses(h)
		for _, a := range z.addrs[name] {
			z.names[arpa(a)] = pointer
		}
	}
	return z
}

// addresses returns those of the host's two addresses that it has.
func addresses(h plan.Host) (all []netip.Addr) {
	for _, a := range []netip.Addr{h.Addr, h.Addr6} {
		if a.IsValid() {
			all = append(all, a)
		}
	}
	return all
}

// arpa returns the name that an address's PTR record has: its digits backwards
// (RFC 1035, section 3.5; RFC 3596, section 2.5).
func arpa(a netip.Addr) string {
	const hex = "0123456789abcdef"
	var labels []string
	suffix := "in-addr.arpa."
	if a.Is4() {
		labels = strings.Split(a.String(), ".")
	} else {
		suffix = "ip6.arpa."
		for _, b := range a.As16() {
			labels = append(labels, hex[b>>4:b>>4+1], hex[b&15:b&15+1])
		}
	}
	var s strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		s.WriteString(labels[i] + ".")
	}
	return s.String() + suffix
}

// answer returns the answer to a DNS message (RFC 1035), nil where there is
// none to give: what is no query, or no message at all, gets silence.
func (z zone) answer(message []byte) []byte {
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil || head.Response {
		return nil
	}
	reply := dnsmessage.Message{Header: dnsmessage.Header{
		ID: head.ID, Response: true, OpCode: head.OpCode,
		Authoritative: true, RecursionDesired: head.RecursionDesired,
	}}
	questions, err := p.AllQuestions()
	switch {
	case err != nil || len(questions) != 1:
		reply.RCode = dnsmessage.RCodeFormatError
	case head.OpCode != 0:
		reply.RCode = dnsmessage.RCodeNotImplemented
	default:
		reply.Questions = questions
		z.resolve(&reply, questions[0])
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// question is what a name was asked for.
type question struct {
	name string
	kind dnsmessage.Type
}

// resolve fills in the answer to one question.
func (z zone) resolve(reply *dnsmessage.Message, q dnsmessage.Question) {
	name := strings.ToLower(q.Name.String())
	addrs, isHost := z.addrs[name]
	pointer, isPTR := z.names[name]
	if q.Class != dnsmessage.ClassINET || !isHost && !isPTR {
		reply.RCode = dnsmessage.RCodeNameError
		addrs, isPTR = nil, false
	}
	if later, changes := z.later[name]; changes {
		if _, again := z.asked.LoadOrStore(question{name, q.Type}, true); again {
			addrs = later
		}
	}
	for _, a := range addrs {
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			reply.Answers = append(reply.Answers, resource(q, &dnsmessage.AResource{A: a.As4()}))
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			reply.Answers = append(reply.Answers, resource(q, &dnsmessage.AAAAResource{AAAA: a.As16()}))
		}
	}
	if isPTR && q.Type == dnsmessage.TypePTR {
		reply.Answers = append(reply.Answers, resource(q, &dnsmessage.PTRResource{PTR: pointer}))
	}
	if len(reply.Answers) == 0 && (name == domain+"." || strings.HasSuffix(name, "."+domain+".")) {
		reply.Authorities = []dnsmessage.Resource{startOfAuthority()}
	}
}

func resource(q dnsmessage.Question, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	}
}

var (
	domainName     = dnsmessage.MustNewName(domain + ".")
	serverName     = dnsmessage.MustNewName("target." + domain + ".")
	hostmasterName = dnsmessage.MustNewName("hostmaster." + domain + ".")
)

// startOfAuthority is the record that says for how long a "no" holds (RFC 2308).
func startOfAuthority() dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: domainName, Class: dnsmessage.ClassINET, TTL: ttl},
		Body: &dnsmessage.SOAResource{
			NS: serverName, MBox: hostmasterName,
			Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, MinTTL: ttl,
		},
	}
}

// serveTCP answers messages, each after its length in two bytes (RFC 1035,
// section 4.2.2), until the client leaves.
func (z zone) serveTCP(c client) {
	defer c.finish()
	buffer := make([]byte, maxQuery)
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(size[:]))
		if n > len(buffer) {
			return
		}
		if _, err := io.ReadFull(c, buffer[:n]); err != nil {
			return
		}
		answer := z.answer(buffer[:n])
		if answer == nil {
			return
		}
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer))) //nolint:gosec // a DNS message is not longer
		if _, err := c.Write(append(framed, answer...)); err != nil {
			return
		}
	}
}
