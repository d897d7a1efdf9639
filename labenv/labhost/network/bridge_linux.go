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
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

// hostInterface is the name of every host's one interface.
const hostInterface = "eth0"

// bridge joins the hosts in the process's own network namespace.
type bridge struct {
	handle  *netlink.Handle
	link    *netlink.Bridge
	updates chan netlink.LinkUpdate
	stop    chan struct{}
	waiting map[string]bool // ports that are not up yet, by name
}

// newBridge makes the bridge and listens for links that come up.
func newBridge() (*bridge, error) {
	// The bridge itself stays out of the conversation. What is said of default
	// holds for every link made later; to say it of all takes the kernel's lock
	// on networks, for which writers of such a file queue by spinning.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("switch IPv6 off on the bridge: %w", err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	b := &bridge{
		handle:  handle,
		updates: make(chan netlink.LinkUpdate, 64),
		stop:    make(chan struct{}),
		waiting: map[string]bool{},
	}
	if err := netlink.LinkSubscribe(b.updates, b.stop); err != nil {
		b.close()
		return nil, fmt.Errorf("watch the links: %w", err)
	}
	snooping := false
	b.link = &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lab0"}, MulticastSnooping: &snooping}
	if err := handle.LinkAdd(b.link); err != nil {
		b.close()
		return nil, fmt.Errorf("make the bridge: %w", err)
	}
	if err := handle.LinkSetUp(b.link); err != nil {
		b.close()
		return nil, fmt.Errorf("bring the bridge up: %w", err)
	}
	return b, nil
}

// close frees what was needed to build; the bridge itself stays.
func (b *bridge) close() {
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
func (b *bridge) attach(h plan.Host, made namespace) (netns.NsHandle, error) {
	mac, err := net.ParseMAC(h.MAC)
	if err != nil {
		return netns.None(), fmt.Errorf("%s: %w", h.Name, err)
	}
	ns, err := made()
	if err != nil {
		return ns, fmt.Errorf("%s: %w", h.Name, err)
	}
	veth := &netlink.Veth{
		LinkAttrs:        netlink.LinkAttrs{Name: h.Name, MasterIndex: b.link.Index},
		PeerName:         hostInterface,
		PeerHardwareAddr: mac,
		PeerNamespace:    netlink.NsFd(ns),
	}
	if err := b.handle.LinkAdd(veth); err != nil {
		return ns, fmt.Errorf("%s: make the wire: %w", h.Name, err)
	}
	b.waiting[h.Name] = true
	if err := b.handle.LinkSetUp(veth); err != nil {
		return ns, fmt.Errorf("%s: bring the wire up: %w", h.Name, err)
	}
	return ns, configure(h, ns)
}

// noAddress is IN6_ADDR_GEN_MODE_NONE: an interface makes no address of its own.
const noAddress = 1

// configure sets the host's end up: addresses first, so that nothing is sent
// from an interface without them, and none but those of the plan.
func configure(h plan.Host, ns netns.NsHandle) error {
	handle, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("%s: netlink: %w", h.Name, err)
	}
	defer handle.Close()
	lo, err := handle.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	link, err := handle.LinkByName(hostInterface)
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

// awaitUp waits until every wire carries frames. Until then a first packet may
// be lost, and its repetition comes a second later.
func (b *bridge) awaitUp(ctx context.Context) error {
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
