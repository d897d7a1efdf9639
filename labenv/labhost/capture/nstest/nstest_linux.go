// Package nstest gives tests a network of their own: it runs the test program
// in a fresh user and network namespace, where a bridge joins the hosts that a
// test adds. It needs neither root nor a container. Only tests import it.
package nstest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

const inside = "WIRELAB_NSTEST_INSIDE"

// Main stands in for m.Run in a TestMain: it runs the test program once more,
// in namespaces of its own, and returns that run's exit status.
func Main(m *testing.M) int {
	if os.Getenv(inside) != "" {
		return m.Run()
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:gosec // the test program itself, as it was called
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "nstest: cannot make namespaces for the tests:", err)
		return 1
	}
	_ = cmd.Wait() // the exit status says it
	return cmd.ProcessState.ExitCode()
}

// Interface is the name that the interface of every host has.
const Interface = "eth0"

// LAN is a bridge in the test's own namespace. The bridge itself has the
// seat's addresses, so that the test's plain sockets are the seat's.
type LAN struct {
	bridge netlink.Link
	next   int
}

// NewLAN makes a network that ends with the test.
func NewLAN(t testing.TB) *LAN {
	t.Helper()
	seat := plan.Practice().Seat
	attrs := netlink.LinkAttrs{Name: "lab0", HardwareAddr: mac(t, seat)}
	require.NoError(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	bridge, err := netlink.LinkByName("lab0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, netlink.LinkDel(bridge)) })
	own, err := netlink.NewHandle()
	require.NoError(t, err)
	defer own.Close()
	configure(t, own, "lab0", seat)
	return &LAN{bridge: bridge}
}

// Host adds a host to the network: a namespace with an interface that has h's
// addresses. Both ends of its cable are up when Host returns.
func (l *LAN) Host(t testing.TB, h plan.Host) netns.NsHandle {
	t.Helper()
	ns := newNamespace(t)
	l.next++
	near := fmt.Sprintf("port%d", l.next)
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: near, MasterIndex: l.bridge.Attrs().Index})
	veth.PeerName = Interface
	veth.PeerHardwareAddr = mac(t, h)
	veth.PeerNamespace = netlink.NsFd(ns)
	require.NoError(t, netlink.LinkAdd(veth))
	t.Cleanup(func() { _ = netlink.LinkDel(veth) })

	far, err := netlink.NewHandleAt(ns)
	require.NoError(t, err)
	defer far.Close()
	configure(t, far, Interface, h)
	link, err := netlink.LinkByName(near)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetUp(link))
	waitUp(t, netns.None(), near)
	waitUp(t, ns, Interface)
	waitUp(t, netns.None(), "lab0")
	return ns
}

func newNamespace(t testing.TB) netns.NsHandle {
	t.Helper()
	ns := netns.None()
	require.NoError(t, nsrun.Throwaway(func() (err error) {
		ns, err = netns.New()
		return err
	}))
	t.Cleanup(func() { _ = ns.Close() })
	return ns
}

func configure(t testing.TB, nl *netlink.Handle, name string, h plan.Host) {
	t.Helper()
	lo, err := nl.LinkByName("lo")
	require.NoError(t, err)
	require.NoError(t, nl.LinkSetUp(lo))
	link, err := nl.LinkByName(name)
	require.NoError(t, err)
	for _, p := range []netip.Prefix{
		netip.PrefixFrom(h.Addr, plan.PrefixBits4), netip.PrefixFrom(h.Addr6, plan.PrefixBits6),
	} {
		addr := &netlink.Addr{IPNet: &net.IPNet{
			IP:   p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		require.NoError(t, nl.AddrAdd(link, addr))
	}
	require.NoError(t, nl.LinkSetUp(link))
}

// waitUp waits for the kernel's word that the link carries frames.
func waitUp(t testing.TB, ns netns.NsHandle, name string) {
	t.Helper()
	updates, done := make(chan netlink.LinkUpdate, 64), make(chan struct{})
	defer close(done)
	opt := netlink.LinkSubscribeOptions{ListExisting: true}
	if ns.IsOpen() {
		opt.Namespace = &ns
	}
	require.NoError(t, netlink.LinkSubscribeWithOptions(updates, done, opt))
	late := time.After(10 * time.Second)
	for {
		select {
		case u := <-updates:
			if a := u.Attrs(); a.Name == name && a.OperState == netlink.OperUp {
				return
			}
		case <-late:
			t.Fatalf("the link %s did not come up", name)
		}
	}
}

func mac(t testing.TB, h plan.Host) net.HardwareAddr {
	t.Helper()
	m, err := net.ParseMAC(h.MAC)
	require.NoError(t, err)
	return m
}
