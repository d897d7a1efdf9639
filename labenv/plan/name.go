package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Domain is the zone that the DNS server of a lab answers for. The lab's
// machines are in it by their names: target.lab.test.
const Domain = "lab.test"

// Name is a name that the DNS server of a lab knows beside its machines'.
type Name struct {
	Name string `json:"name"` // below Domain, in small letters, without a dot at the end
	// Addrs are what it stands for: A records for IPv4 addresses, AAAA records
	// for all others, those included that disguise an IPv4 address (RFC 4291,
	// section 2.5.5.2). None makes a name without addresses.
	Addrs []netip.Addr `json:"addrs,omitempty"`
	// Later is what it stands for from the second question of each type on;
	// nil is no change.
	Later []netip.Addr `json:"later,omitempty"`
}

// validate reports what no DNS server can play.
func (n Name) validate() error {
	label, ok := strings.CutSuffix(n.Name, "."+Domain)
	switch {
	case !ok || label == "" || len(label) > 63 || strings.ContainsFunc(label, notInLabel):
		return fmt.Errorf("the name %q cannot be played: it must be letters, digits and hyphens below %s", n.Name, Domain)
	case slices.ContainsFunc(slices.Concat(n.Addrs, n.Later), func(a netip.Addr) bool { return !a.IsValid() || a.Zone() != "" }):
		return fmt.Errorf("the name %s stands for an address that is none", n.Name)
	}
	return nil
}

func notInLabel(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
}

// Name adds a name with these addresses to the target's DNS and returns it. It is
// drawn: who knows it has been told.
func (d *Draft) Name(addrs ...netip.Addr) string { return d.ChangingName(addrs, nil) }

// ChangingName adds a name that stands for addrs when it is first asked for, and
// for later from then on.
func (d *Draft) ChangingName(addrs, later []netip.Addr) string {
	n := Name{Name: fmt.Sprintf("h%d.%s", d.number(), Domain), Addrs: addrs, Later: later}
	d.plan.Target.Names = append(d.plan.Target.Names, n)
	return n.Name
}

// validateNames reports names that are listed twice or cannot be played.
func (h Host) validateNames() error {
	var errs []error
	seen := map[string]bool{}
	for _, n := range h.Names {
		if err := n.validate(); err != nil {
			errs = append(errs, err)
		}
		if seen[n.Name] {
			errs = append(errs, fmt.Errorf("the name %s is listed twice", n.Name))
		}
		seen[n.Name] = true
	}
	return errors.Join(errs...)
}
