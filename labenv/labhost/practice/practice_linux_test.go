package practice_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/network"
	"wirelab/labenv/labhost/practice"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// What the test program is, when it starts itself: the first process of
// namespaces of its own, as in a container, or a later one there.
const (
	inside = "WIRELAB_PRACTICE_INSIDE"
	first  = "first"
	later  = "later"
)

func TestMain(m *testing.M) {
	switch os.Getenv(inside) {
	case first:
		os.Exit(m.Run())
	case later:
		fmt.Println(practice.Run(context.Background(), "target", io.Discard))
		os.Exit(0)
	}
	cmd := again(first, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := cmd.Run(); cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "cannot make namespaces for the tests:", err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// again is the test program once more.
func again(as string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), inside+"="+as)
	return cmd
}

// layOut does an engine's part: eth0 with the target's address, and a default
// route.
func layOut(t *testing.T) {
	t.Helper()
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: network.HostInterface}, PeerName: "engine"}
	require.NoError(t, netlink.LinkAdd(link))
	t.Cleanup(func() { require.NoError(t, netlink.LinkDel(link)) })
	lo, err := netlink.LinkByName("lo")
	require.NoError(t, err)
	peer, err := netlink.LinkByName("engine")
	require.NoError(t, err)
	address := &netlink.Addr{IPNet: prefix(netip.PrefixFrom(plan.TargetAddr, plan.PrefixBits4))}
	require.NoError(t, netlink.AddrAdd(link, address))
	for _, l := range []netlink.Link{lo, peer, link} {
		require.NoError(t, netlink.LinkSetUp(l))
	}
	gateway := net.IP(plan.NeighbourAddr.AsSlice())
	require.NoError(t, netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway}))
	require.NoError(t, wayOut())
}

func prefix(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// wayOut tells what keeps a packet from an address outside. None is sent: a UDP
// socket only looks the route up.
func wayOut() error {
	conn, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return err
	}
	return conn.Close()
}

func TestPlaysUntilToldToEnd(t *testing.T) {
	layOut(t)
	out, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := practice.Run(t.Context(), "target", w)
		_ = w.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, protocol.PracticeReady+"target at 10.77.0.10\n", line)
	require.ErrorIs(t, wayOut(), unix.ENETUNREACH, "the default route is gone")

	conn, err := net.Dial("tcp4", "10.77.0.10:9001")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = net.Dial("tcp4", "10.77.0.10:9002")
	require.ErrorIs(t, err, unix.ECONNREFUSED)

	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	require.NoError(t, <-ended)
}

// Nothing is changed where this is not the container of the host.
func TestLeavesOthersAlone(t *testing.T) {
	layOut(t)
	t.Run("another address", func(t *testing.T) {
		require.ErrorIs(t, practice.Run(t.Context(), "neighbour", io.Discard), practice.ErrNotHere)
		require.NoError(t, wayOut())
	})
	t.Run("no container", func(t *testing.T) {
		said, err := again(later).CombinedOutput()
		require.NoError(t, err)
		assert.Contains(t, string(said), practice.ErrNotHere.Error())
		require.NoError(t, wayOut())
	})
	t.Run("no such host", func(t *testing.T) {
		require.Error(t, practice.Run(t.Context(), "gateway", io.Discard))
	})
}
