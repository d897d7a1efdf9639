package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

// group is what bridge and wires are taken away by (ip-link(8), "group").
const group = 77

// HostInterface is the name of every host's one interface.
const HostInterface = "eth0"

// Bridge joins the hosts of a lab. It is made in the calling process's own
// network namespace.
type Bridge struct {
	handle  *netlink.Handle
	link    *netlink.Bridge
	updates chan netlink.LinkUpdate
	stop    chan struct{}
	waiting map[string]bool // ports that are not up yet, by name
	loud    bool            // links must be silenced one by one
}

// NewBridge makes a bridge and listens for links that come up.
func NewBridge() (*Bridge, error) {
	// The bridge itself stays out of the conversation. What is said of default
	// holds for every link made later; to say it of all takes the kernel's lock
	// on networks, for which writers of such a file queue by spinning.
	err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	loud := errors.Is(err, unix.EROFS) // in a container
	if err != nil && !errors.Is(err, os.ErrNotExist) && !loud {
		return nil, fmt.Errorf("switch IPv6 off on the bridge: %w", err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	b := &Bridge{
		handle:  handle,
		updates: make(chan netlink.LinkUpdate, 64),
		stop:    make(chan struct{}),
		waiting: map[string]bool{},
		loud:    loud,
	}
	if err := netlink.LinkSubscribe(b.updates, b.stop); err != nil {
		b.Close()
		return nil, fmt.Errorf("watch the links: %w", err)
	}
	snooping := false
	b.link = &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lab0", Group: group}, MulticastSnooping: &snooping}
	if err := handle.LinkAdd(b.link); err != nil {
		b.Close()
		return nil, fmt.Errorf("make the bridge: %w", err)
	}
	if err := errors.Join(b.silence(b.link), b.deafen()); err != nil {
		b.Close()
		return nil, err
	}
	if err := handle.LinkSetUp(b.link); err != nil {
		b.Close()
		return nil, fmt.Errorf("bring the bridge up: %w", err)
	}
	return b, nil
}

// Close frees what was needed to build; the bridge itself stays.
func (b *Bridge) Close() {
	close(b.stop)
	b.handle.Close()
}

// namespace waits for a network namespace that somebody makes.
type namespace func() (netns.NsHandle, error)

// begin has a namespace made in the background.
func begin(work func() (netns.NsHandle, error)) namespace {
	made := sync.OnceValues(work)
	go func() { _, _ = made() }() // who waits for it sees the error
	return made
}

// newNamespace makes a network namespace.
func newNamespace() (netns.NsHandle, error) {
	ns := netns.None()
	err := nsrun.Throwaway(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		var err error
		ns, err = netns.Get()
		return err
	})
	return ns, err
}

// attach joins a namespace to the bridge by a veth pair, gives its end h's
// addresses, and brings both ends up.
func (b *Bridge) attach(h plan.Host, made namespace) (netns.NsHandle, error) {
	mac, err := net.ParseMAC(h.MAC)
	if err != nil {
		return netns.None(), fmt.Errorf("%s: %w", h.Name, err)
	}
	ns, err := made()
	if err != nil {
		return ns, fmt.Errorf("%s: %w", h.Name, err)
	}
	if err := b.Connect(h, mac, netlink.NsFd(ns)); err != nil {
		return ns, err
	}
	return ns, Configure(h, ns)
}

// Connect lays a wire from the bridge to a host: a veth pair, whose other end
// is the interface eth0 of the network namespace, given as a netlink.NsFd or
// netlink.NsPid.
func (b *Bridge) Connect(h plan.Host, mac net.HardwareAddr, namespace any) error {
	veth := &netlink.Veth{
		LinkAttrs:        netlink.LinkAttrs{Name: h.Name, MasterIndex: b.link.Index, Group: group},
		PeerName:         HostInterface,
		PeerHardwareAddr: mac,
		PeerNamespace:    namespace,
	}
	if err := b.handle.LinkAdd(veth); err != nil {
		return fmt.Errorf("%s: make the wire: %w", h.Name, err)
	}
	b.waiting[h.Name] = true
	if err := b.silence(veth); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	if err := b.handle.LinkSetUp(veth); err != nil {
		return fmt.Errorf("%s: bring the wire up: %w", h.Name, err)
	}
	return nil
}

// Remove takes the bridge and all its wires away, with every frame that is on
// them, and frees what Close frees. They go as one group: for each link that goes
// by itself the kernel waits until nobody can be looking at it.
func (b *Bridge) Remove() error {
	defer b.Close()
	r := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	if _, err := r.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		return fmt.Errorf("take the wires away: %w", err)
	}
	return nil
}

// deafen keeps the bridge from answering ARP requests for addresses that
// another interface of its namespace has, as a host's may that is played there:
// the host's frames would go past its own interface (arp(7)).
func (b *Bridge) deafen() error {
	if err := b.handle.LinkSetARPOff(b.link); err != nil {
		return fmt.Errorf("switch ARP off on the bridge: %w", err)
	}
	return nil
}

// silence keeps a link from an IPv6 address of its own, for which it would ask
// around. Kernels without IPv6 have none to keep it from.
func (b *Bridge) silence(link netlink.Link) error {
	if !b.loud {
		return nil
	}
	err := b.handle.LinkSetIP6AddrGenMode(link, noAddress)
	if err != nil && !errors.Is(err, unix.EAFNOSUPPORT) && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("keep %s silent: %w", link.Attrs().Name, err)
	}
	return nil
}

// noAddress is IN6_ADDR_GEN_MODE_NONE: an interface makes no address of its own.
const noAddress = 1

// Configure sets the host's end up in its namespace, the caller's own for
// netns.None(): addresses first, so that nothing is sent from an interface
// without them, and none but those of the plan.
func Configure(h plan.Host, ns netns.NsHandle) error {
	handle, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("%s: netlink: %w", h.Name, err)
	}
	defer handle.Close()
	lo, err := handle.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	link, err := handle.LinkByName(HostInterface)
	if err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return errors.Join(
		handle.LinkSetUp(lo),
		handle.LinkSetIP6AddrGenMode(link, noAddress),
		addAddress(handle, link, h.Addr, plan.PrefixBits4),
		addAddress(handle, link, h.Addr6, plan.PrefixBits6),
		handle.LinkSetUp(link),
	)
}

func addAddress(handle *netlink.Handle, link netlink.Link, addr netip.Addr, bits int) error {
	a := &netlink.Addr{IPNet: &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, addr.BitLen())}}
	if addr.Is6() {
		a.Flags = unix.IFA_F_NODAD // nobody else can have the address
	}
	if err := handle.AddrAdd(link, a); err != nil {
		return fmt.Errorf("address %s: %w", addr, err)
	}
	return nil
}

// AwaitUp waits until every wire carries frames. Until then a first packet may
// be lost, and its repetition comes a second later.
func (b *Bridge) AwaitUp(ctx context.Context) error {
	for len(b.waiting) > 0 {
		select {
		case u, ok := <-b.updates:
			if !ok {
				return errors.New("links: the kernel stopped reporting")
			}
			if u.Attrs().OperState == netlink.OperUp {
				delete(b.waiting, u.Attrs().Name)
			}
		case <-ctx.Done():
			return fmt.Errorf("wait for the wires: %w", ctx.Err())
		}
	}
	return nil
}
