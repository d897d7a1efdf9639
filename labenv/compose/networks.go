package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"

	"wirelab/labenv/plan"
)

// ErrTaken is matched by the errors of Up, and of what it checks, where the lab's
// addresses are another network's.
var ErrTaken = errors.New("the lab's addresses are taken")

// network is what `docker network inspect` says of a network, as far as it
// matters here.
type network struct {
	Name   string
	Labels map[string]string
	IPAM   struct {
		Config []struct{ Subnet string }
	}
}

// checkAddresses looks for the lab's addresses in the engine's networks and on
// this machine.
func (l *Lab) checkAddresses(ctx context.Context) error {
	ids, err := l.output(ctx, "docker", "network", "ls", "--quiet", "--no-trunc")
	if err != nil {
		return fmt.Errorf("list the engine's networks: %w", err)
	}
	// One that is removed meanwhile makes this fail, and the rest is told all
	// the same.
	inspected, err := l.output(ctx, append([]string{"docker", "network", "inspect"}, strings.Fields(string(ids))...)...)
	if len(inspected) == 0 {
		return fmt.Errorf("look at the engine's networks: %w", err)
	}
	if err := CheckAddresses(inspected, l.project); err != nil {
		return err
	}
	return checkInterfaces() // where the engine's networks have some, too
}

// checkInterfaces looks for the lab's addresses on this machine's interfaces. A
// machine answers for each of its addresses on every wire, the lab's too
// (arp(7)). Elsewhere than on Linux the engine has a machine of its own.
func checkInterfaces() error {
	if runtime.GOOS != "linux" {
		return nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list this machine's interfaces: %w", err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has gone
		}
		if err := CheckInterface(i.Name, addrs); err != nil {
			return err
		}
	}
	return nil
}

// CheckInterface looks for the lab's addresses among those of an interface of
// this machine.
func CheckInterface(name string, addrs []net.Addr) error {
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && Subnet().Contains(p.Addr()) {
			return fmt.Errorf("%w: this machine's interface %q has %s, and the lab needs %s", ErrTaken, name, p, Subnet())
		}
	}
	return nil
}

// CheckAddresses looks for the lab's addresses in networks as `docker network
// inspect` describes them. The project's own network may have them.
func CheckAddresses(inspected []byte, project string) error {
	var networks []network
	if err := json.Unmarshal(inspected, &networks); err != nil {
		return fmt.Errorf("look at the engine's networks: %w", err)
	}
	for _, n := range networks {
		if n.Labels[labelProject] == project {
			continue
		}
		for _, c := range n.IPAM.Config {
			theirs, err := netip.ParsePrefix(c.Subnet)
			if err == nil && theirs.Overlaps(Subnet()) { // none that cannot be read is the lab's
				return fmt.Errorf("%w: the network %q of this engine has %s, and the lab needs %s; `docker network rm %s` removes it where nobody needs it",
					ErrTaken, n.Name, theirs, Subnet(), n.Name)
			}
		}
	}
	return nil
}

// Subnet is the address range of the lab.
func Subnet() netip.Prefix {
	return netip.PrefixFrom(plan.TargetAddr, plan.PrefixBits4).Masked()
}
