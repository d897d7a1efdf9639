package hostile_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
	"wirelab/labenv/wire"
)

// reach is the attack that connects to addresses.
func reach(network string, addrs ...string) attack {
	return attack{"reach", []string{"ADDRESSES", quoted(addrs), "NETWORK", network}}
}

// quoted writes strings as Go does, with commas between them.
func quoted(all []string) string {
	var s []string
	for _, one := range all {
		s = append(s, strconv.Quote(one))
	}
	return strings.Join(s, ", ")
}

// What leaves the seat for anywhere but the ports that were asked for is seen,
// and the program that sent it is told.
func TestPacketsAreNamed(t *testing.T) {
	t.Parallel()
	const stray, once = "a packet went where nobody asked for one: ", "asks-one-port-once"
	for name, c := range map[string]struct {
		attack
		check, says string
	}{
		"neighbour":            {reach("tcp", "10.77.0.20:80"), usual, "your program sent packets to 10.77.0.20:80, a host that is out of scope"},
		"neighbour, UDP":       {reach("udp", "10.77.0.20:80"), usual, "your program sent packets to 10.77.0.20:80, a host that is out of scope"},
		"neighbour, IPv6":      {reach("tcp", "[fd77::20]:80"), usual, "your program sent packets to [fd77::20]:80, a host that is out of scope"},
		"nobody's address":     {reach("tcp", "10.77.0.77:80"), usual, "your program tried to reach 10.77.0.77, a host that is out of scope"},
		"nobody's, IPv6":       {reach("tcp", "[fd77::77]:80"), usual, "your program tried to reach fd77::77, a host that is out of scope"},
		"broadcast":            {attack{file: "broadcast"}, usual, "your program sent packets to 10.77.0.255:53"},
		"multicast":            {attack{file: "multicast"}, usual, "your program sent packets to [ff02::1]:53"},
		"beyond the routes":    {attack{file: "device"}, usual, "your program tried to reach 192.0.2.1, a host that is out of scope"},
		"UDP to the target":    {reach("udp", "10.77.0.10:9"), once, stray + "UDP, 5 bytes to 10.77.0.10:9"},
		"flood of SYNs":        {attack{"synflood", []string{"PORT", "int(target.Port())"}}, once, " connections; one is enough"},
		"flood of SYNs around": {attack{"synflood", []string{"PORT", "1 + sent%1000"}}, once, stray + "SYN"},
		"flood of datagrams":   {attack{file: "udpflood"}, once, ""}, // for the one or for the lost frames
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := theirs(t).judge(t, c.build(t), c.check)
			assert.Equal(t, check.Fail, r.Status, r.Message)
			assert.Contains(t, r.Message, c.says)
		})
	}
}

// Beyond the lab there is no route, and no one hears of it: neither the host's
// own addresses, where this test listens, nor anything else.
func TestNothingLeavesTheLab(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer listener.Close()
	heard := make(chan net.Addr, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(heard)
				return
			}
			heard <- conn.RemoteAddr()
			_ = conn.Close()
		}
	}()
	port := netip.MustParseAddrPort(listener.Addr().String()).Port()
	to := []string{
		"192.0.2.1:80", "[2001:db8::1]:80", "10.78.0.1:80", "169.254.169.254:80",
		fmt.Sprintf("127.0.0.1:%d", port),
	}
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			to = append(to, fmt.Sprintf("%v:%d", p.Addr(), port))
		}
	}
	r := theirs(t).judge(t, reach("tcp", to...).build(t), usual)
	assert.NotContains(t, r.Output, "sent to")
	assert.Equal(t, check.Pass, r.Status, "nothing was sent, so there is nothing to blame: %s", r.Message)

	// The control: this listener can be reached, from where it can be.
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	mine := conn.LocalAddr().String()
	require.NoError(t, conn.Close())
	assert.Equal(t, mine, (<-heard).String(), "the first to be heard is the control")
}

// Nobody sends under another's name: neither by a raw socket nor by an option.
func TestFalseNames(t *testing.T) {
	t.Parallel()
	option := func(level, option string) attack {
		return attack{"spoof", []string{"LEVEL", level, "OPTION", option}}
	}
	const got = "a datagram under a false name"
	for name, c := range map[string]struct {
		containment
		as string
	}{
		"raw socket": {containment{attack: attack{file: "raw"}, says: []string{refused + "socket(AF_INET, raw)"},
			without: off(seccomp, capabilities), got: []string{got},
			behind: [][]sandbox.Guard{off(seccomp), off(capabilities)}}, "10.77.0.66"},
		"IPv6 option": {containment{attack: option("unix.SOL_IPV6", "unix.IPV6_FREEBIND"), says: []string{refused + "setsockopt(IPV6_FREEBIND)"},
			without: off(seccomp), got: []string{got}}, "fd77::66"},
		"IPv4 option": {containment{attack: option("unix.SOL_IP", "unix.IP_FREEBIND"), says: []string{refused + "setsockopt(IP_FREEBIND)"},
			without: off(seccomp), got: []string{got}}, "fd77::66"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := c.prove(t)
			as := netip.MustParseAddr(c.as)
			assert.False(t, arrived(t, as, program)(), "with all guards up")
			// Over IPv6 a datagram waits for the neighbour to be found first.
			assert.Eventually(t, arrived(t, as, program, c.without...), patient, 10*time.Millisecond, "control, without %v", c.without)
		})
	}
}

// arrived calls a program once, and returns a function that tells whether
// anything has come to the target by now under the name as.
func arrived(t *testing.T, as netip.Addr, program *os.File, guards ...sandbox.Guard) func() bool {
	t.Helper()
	d := plan.New(7)
	port := d.Port(plan.Echo)
	l := theirs(t).lab(t, d.Plan(), guards...)
	call(t, seated(t, l, program), port)
	return func() bool {
		recorded, err := l.Captures(t.Context())
		if !assert.NoError(t, err) {
			return false
		}
		tr, err := wire.Read(recorded.Target, recorded.Sync)
		return assert.NoError(t, err) && slices.ContainsFunc(tr.Received(), func(f wire.Frame) bool { return f.Src.Addr() == as })
	}
}
