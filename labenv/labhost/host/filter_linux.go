package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/plan"
)

// filter is the packet filter that a host's ports need: for each port that
// drops, rejects or loses, the chain that does so. In nft(8)'s words, with one
// lookup for each packet however many ports there are:
//
//	table inet wirelab {
//	    map ports { type inet_proto . inet_service : verdict; elements = { tcp . 9003 : goto do-drop, … } }
//	    chain do-drop { drop }
//	    chain do-icmp-13-loss-20 { numgen random mod 100 < 20 drop; meta nfproto ipv4 reject with icmp 13; drop }
//	    chain input { type filter hook input priority filter; meta l4proto . th dport vmap @ports }
//	}
type filter struct {
	chains map[string][][]expr.Any // rules by name of the chain
	ports  []nftables.SetElement
}

// batchSize is how many elements go into one netlink message: the length of
// its list has 16 bits.
const batchSize = 500

func planFilter(ports []plan.Port) filter {
	f := filter{chains: map[string][][]expr.Any{}}
	for _, p := range ports {
		name, rules := treatment(p)
		if len(rules) == 0 {
			continue
		}
		f.chains[name] = rules
		f.ports = append(f.ports, nftables.SetElement{
			Key:         key(p),
			VerdictData: &expr.Verdict{Kind: expr.VerdictGoto, Chain: name},
		})
	}
	return f
}

// treatment returns the rules for what comes to a port, and a name for them.
// Reset over UDP needs none: there the kernel refuses by itself.
func treatment(p plan.Port) (name string, rules [][]expr.Any) {
	name = "do-pass"
	switch {
	case p.Behaviour == plan.Drop, p.Behaviour == plan.Forge:
		return "do-drop", [][]expr.Any{drop()} // forgeries are sent by forger
	case p.Behaviour == plan.Reset && p.Proto == plan.TCP:
		name, rules = "do-reset", [][]expr.Any{{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}}
	case p.Behaviour == plan.ICMP:
		// Over IPv6 the kernel's rejection reaches connect(2) a second late:
		// there this host answers by itself, see icmp6.
		name, rules = fmt.Sprintf("do-icmp-%d", p.Code), [][]expr.Any{rejectIPv4(p.Code), drop()}
	}
	if p.Loss > 0 {
		name, rules = fmt.Sprintf("%s-loss-%d", name, p.Loss), append([][]expr.Any{lose(p.Loss)}, rules...)
	}
	if p.LoseFirst > 0 {
		// A chain of the port's own, for its rule counts.
		name, rules = fmt.Sprintf("%s-%s-%d-first-%d", name, p.Proto, p.Number, p.LoseFirst), append([][]expr.Any{loseFirst(p.LoseFirst)}, rules...)
	}
	return name, rules
}

func drop() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}} }

// rejectIPv4 answers with ICMP type 3 and the code as it stands.
func rejectIPv4(code uint8) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.NFPROTO_IPV4}},
		&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: code},
	}
}

// lose drops the given percentage of packets.
func lose(percent int) []expr.Any {
	return dropBelow(percent, &expr.Numgen{Register: 1, Modulus: 100, Type: unix.NFT_NG_RANDOM})
}

// loseFirst drops the first n packets: the kernel counts from 0, and no lab
// lives to see the count begin again.
func loseFirst(n int) []expr.Any {
	return dropBelow(n, &expr.Numgen{Register: 1, Modulus: math.MaxUint32, Type: unix.NFT_NG_INCREMENTAL})
}

// dropBelow drops a packet for which the generator gives a number below limit.
func dropBelow(limit int, number *expr.Numgen) []expr.Any {
	return []expr.Any{
		number,
		// Numbers are compared as bytes, so in network byte order.
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(uint32(limit))}, //nolint:gosec // small and positive
		&expr.Verdict{Kind: expr.VerdictDrop},
	}
}

// key is protocol and port, each in a register of four bytes.
func key(p plan.Port) []byte {
	k := make([]byte, 8)
	k[0] = ipProtocol(p.Proto)
	binary.BigEndian.PutUint16(k[4:], p.Number)
	return k
}

func ipProtocol(p plan.Proto) byte {
	if p == plan.UDP {
		return unix.IPPROTO_UDP
	}
	return unix.IPPROTO_TCP
}

// install installs the filter in the namespace, the process's own for
// netns.None(). It takes effect at once, with its last rule. Where no port
// needs a rule, none is made.
func (f filter) install(ns netns.NsHandle) error {
	if len(f.ports) == 0 {
		return nil
	}
	options := []nftables.ConnOption{nftables.AsLasting()}
	if ns.IsOpen() {
		options = append(options, nftables.WithNetNSFd(int(ns)))
	}
	c, err := nftables.New(options...)
	if err != nil {
		return fmt.Errorf("packet filter: %w", err)
	}
	defer func() { _ = c.CloseLasting() }()
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "wirelab"})
	f.addChains(c, table)
	ports, err := f.addPorts(c, table)
	if err != nil {
		return err
	}
	lookUp(c, table, ports)
	return flush(c)
}

// removeFilter takes the filter out of the process's own namespace, which
// outlives the host. That there is none is fine.
func removeFilter() error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("packet filter: %w", err)
	}
	c.DelTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "wirelab"})
	if err := c.Flush(); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove the packet filter: %w", err)
	}
	return nil
}

func (f filter) addChains(c *nftables.Conn, table *nftables.Table) {
	for name, rules := range f.chains {
		chain := c.AddChain(&nftables.Chain{Name: name, Table: table})
		for _, exprs := range rules {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs})
		}
	}
}

// addPorts fills the map. A message that is too long for the kernel's buffers
// is refused, so long maps go over in several.
func (f filter) addPorts(c *nftables.Conn, table *nftables.Table) (*nftables.Set, error) {
	keyType, err := nftables.ConcatSetType(nftables.TypeInetProto, nftables.TypeInetService)
	if err != nil {
		return nil, fmt.Errorf("packet filter: %w", err)
	}
	ports := &nftables.Set{
		Table: table, Name: "ports", IsMap: true, Concatenation: true,
		KeyType: keyType, DataType: nftables.TypeVerdict,
	}
	if err := c.AddSet(ports, nil); err != nil {
		return nil, fmt.Errorf("packet filter: %w", err)
	}
	for at := 0; at < len(f.ports); at += batchSize {
		if at > 0 {
			if err := flush(c); err != nil {
				return nil, err
			}
		}
		if err := c.SetAddElements(ports, f.ports[at:min(at+batchSize, len(f.ports))]); err != nil {
			return nil, fmt.Errorf("packet filter: %w", err)
		}
	}
	return ports, nil
}

// lookUp adds the chain that sends each packet to its port's own.
func lookUp(c *nftables.Conn, table *nftables.Table, ports *nftables.Set) {
	const first, second = unix.NFT_REG32_00, unix.NFT_REG32_01
	input := c.AddChain(&nftables.Chain{
		Name: "input", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: input, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: first},
		&expr.Payload{Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2, DestRegister: second},
		&expr.Lookup{SourceRegister: first, IsDestRegSet: true, SetName: ports.Name, SetID: ports.ID},
	}})
}

func flush(c *nftables.Conn) error {
	if err := c.Flush(); err != nil {
		return fmt.Errorf("install the packet filter: %w", err)
	}
	return nil
}
