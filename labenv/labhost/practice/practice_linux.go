// Package practice plays one host of the practice lab in a container whose
// network somebody else made: docker-compose.yml. There the addresses are laid
// out already, IPv4 alone, and the engine has laid a way out as well. For the
// seat it plays nothing: it takes that way away, which the seat's own container
// may not, for it shares this one's network.
package practice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"wirelab/labenv/labhost/host"
	"wirelab/labenv/labhost/network"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// ErrNotHere is matched by Run's error where this is not the container of the
// host that it shall play. Routes are taken away there: on somebody's real
// machine that must not happen by accident.
var ErrNotHere = errors.New("this is not the container of that host")

// Run plays the host of plan.Practice with that name until SIGTERM or SIGINT
// comes or ctx ends. When the host is ready it says so on out, in a line that
// begins with protocol.PracticeReady.
func Run(ctx context.Context, name string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	hosts := lab()
	h, err := find(hosts, name)
	if err != nil {
		return err
	}
	if err := isolate(h); err != nil {
		return fmt.Errorf("play host %q: %w", name, err)
	}
	end, err := play(ctx, h, hosts)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s%s at %s\n", protocol.PracticeReady, h.Name, h.Addr)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, end())
}

// play starts a host, unless it is one without ports: the seat.
func play(ctx context.Context, h plan.Host, zone []plan.Host) (end func() error, err error) {
	if len(h.Ports) == 0 {
		return func() error { return nil }, nil
	}
	played, err := host.Start(ctx, host.Config{
		Host: h, Interface: network.HostInterface, Namespace: netns.None(), Zone: zone,
	})
	if err != nil {
		return nil, err
	}
	return played.Close, nil
}

// lab returns all hosts of the practice lab, without the IPv6 addresses that
// they do not have here: no name may lead to one.
func lab() []plan.Host {
	p := plan.Practice()
	hosts := []plan.Host{p.Target, p.Neighbour, p.Seat}
	for i := range hosts {
		hosts[i].Addr6 = netip.Addr{}
	}
	return hosts
}

// find returns the host with that name.
func find(hosts []plan.Host, name string) (plan.Host, error) {
	for _, h := range hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return plan.Host{}, fmt.Errorf("the practice lab has no host %q", name)
}

// isolate takes every default route away, once it is sure that this is the
// container of h: its first process runs here, and its interface has h's
// address.
func isolate(h plan.Host) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("%w: another process came first", ErrNotHere)
	}
	link, err := netlink.LinkByName(network.HostInterface)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotHere, network.HostInterface, err)
	}
	addrs, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("addresses of %s: %w", network.HostInterface, err)
	}
	for _, a := range addrs {
		if a.IP.Equal(h.Addr.AsSlice()) {
			return removeDefaultRoutes()
		}
	}
	return fmt.Errorf("%w: %s does not have the address %s", ErrNotHere, network.HostInterface, h.Addr)
}

// removeDefaultRoutes leaves no way out of the lab.
func removeDefaultRoutes() error {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list the routes: %w", err)
	}
	for _, r := range routes {
		if !leadsOut(r) {
			continue
		}
		if err := netlink.RouteDel(&r); err != nil {
			return fmt.Errorf("take the default route away: %w", err)
		}
	}
	return nil
}

// leadsOut tells whether a route is a default one: to anywhere.
func leadsOut(r netlink.Route) bool {
	if r.Dst == nil {
		return true
	}
	bits, _ := r.Dst.Mask.Size()
	return bits == 0
}
