package network

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/vishvananda/netns"

	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

// AwaitFindable waits until h can be found over IPv6: until the kernel has
// joined its solicited-node multicast group (RFC 4291, section 2.7.1), which it
// does in the background some time after the address was added. A neighbour
// solicitation that comes before is dropped, and its repetition comes a second
// later (RFC 4861, section 10). The namespace is h's, the caller's own for
// netns.None(). A kernel without IPv6 has nothing to wait for.
func AwaitFindable(ctx context.Context, h plan.Host, ns netns.NsHandle) error {
	group := solicitedNode(h.Addr6)
	err := nsrun.In(ns, func() error {
		tick := time.NewTicker(time.Millisecond) // the kernel does not announce it
		defer tick.Stop()
		for {
			joined, err := hasJoined(group)
			if joined || err != nil {
				return err
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	if err != nil {
		return fmt.Errorf("%s: wait until it can be found over IPv6: %w", h.Name, err)
	}
	return nil
}

// solicitedNode returns the group of those that may have the address: its last
// three bytes tell.
func solicitedNode(addr netip.Addr) netip.Addr {
	group := netip.MustParseAddr("ff02::1:ff00:0").As16()
	a := addr.As16()
	copy(group[13:], a[13:])
	return netip.AddrFrom16(group)
}

// hasJoined tells whether the interface of the calling thread's namespace is in
// the group. A line of the file is "2 eth0 ff0200…10 1 00000004 0".
func hasJoined(group netip.Addr) (bool, error) {
	all, err := os.ReadFile("/proc/thread-self/net/igmp6")
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	want := hex.EncodeToString(group.AsSlice())
	for line := range strings.Lines(string(all)) {
		if f := strings.Fields(line); len(f) > 2 && f[1] == HostInterface && f[2] == want {
			return true, nil
		}
	}
	return false, nil
}
