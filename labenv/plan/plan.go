// Package plan describes a lab before it exists: which hosts there are and how
// each of their ports behaves. A plan is the truth that verdicts are held
// against. Plans for checks are drawn from a seed (Draft), so that no answer
// can be learnt by heart; the practice lab's plan is fixed (Practice).
package plan

import (
	"errors"
	"fmt"
	"net/netip"
)

// The addresses of every lab whose maker can choose them. IPv6 addresses are
// unique local ones (RFC 4193).
var (
	TargetAddr     = netip.MustParseAddr("10.77.0.10")
	NeighbourAddr  = netip.MustParseAddr("10.77.0.20")
	SeatAddr       = netip.MustParseAddr("10.77.0.100")
	TargetAddr6    = netip.MustParseAddr("fd77::10")
	NeighbourAddr6 = netip.MustParseAddr("fd77::20")
	SeatAddr6      = netip.MustParseAddr("fd77::100")
)

// PrefixBits4 and PrefixBits6 are the lengths of the lab network's prefixes.
const (
	PrefixBits4 = 24
	PrefixBits6 = 64
)

// ErrInvalid is matched by Validate's errors.
var ErrInvalid = errors.New("invalid plan")

// Host is one machine of a lab.
type Host struct {
	Name  string     `json:"name"` // "target", "neighbour" or "seat"
	MAC   string     `json:"mac"`  // as net.ParseMAC reads it, locally administered
	Addr  netip.Addr `json:"addr"`
	Addr6 netip.Addr `json:"addr6"`
	Ports []Port     `json:"ports,omitempty"`
	// Names are what the lab's DNS server knows beside the names of its machines.
	Names []Name `json:"names,omitempty"`
}

// Port returns how the host's port with that number and protocol behaves. A
// port that is not listed is Closed.
func (h Host) Port(number uint16, proto Proto) Port {
	for _, p := range h.Ports {
		if p.Number == number && p.Proto == proto {
			return p
		}
	}
	return Port{Number: number, Proto: proto, Behaviour: Closed}
}

// Plan is a whole lab.
type Plan struct {
	Seed      uint64 `json:"seed"` // what the plan was drawn from; 0 for a fixed one
	Target    Host   `json:"target"`
	Neighbour Host   `json:"neighbour"`
	Seat      Host   `json:"seat"`
}

// empty returns a plan with the usual addresses and no ports.
func empty(seed uint64) Plan {
	return Plan{
		Seed:      seed,
		Target:    Host{Name: "target", MAC: "02:77:00:00:00:10", Addr: TargetAddr, Addr6: TargetAddr6},
		Neighbour: Host{Name: "neighbour", MAC: "02:77:00:00:00:20", Addr: NeighbourAddr, Addr6: NeighbourAddr6},
		Seat:      Host{Name: "seat", MAC: "02:77:00:00:01:00", Addr: SeatAddr, Addr6: SeatAddr6},
	}
}

// Validate reports what no lab can play: a port listed twice, port 0, an
// unknown behaviour, a loss outside 0 to 100, a name that is none. Its errors match ErrInvalid.
func (p Plan) Validate() error {
	var errs []error
	for _, h := range []Host{p.Target, p.Neighbour} {
		if err := h.validateNames(); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrInvalid, h.Name, err))
		}
		seen := map[string]bool{}
		for _, q := range h.Ports {
			if err := q.validate(); err != nil {
				errs = append(errs, fmt.Errorf("%w: %s: %w", ErrInvalid, h.Name, err))
			}
			key := fmt.Sprint(q.Number, q.Proto)
			if seen[key] {
				errs = append(errs, fmt.Errorf("%w: %s: port %d/%s is listed twice", ErrInvalid, h.Name, q.Number, q.Proto))
			}
			seen[key] = true
		}
	}
	return errors.Join(errs...)
}

func (p Port) validate() error {
	switch {
	case p.Number == 0:
		return errors.New("port 0 cannot be played")
	case p.Proto != TCP && p.Proto != UDP:
		return fmt.Errorf("port %d has the unknown protocol %q", p.Number, p.Proto)
	case p.Loss < 0 || p.Loss > 100:
		return fmt.Errorf("port %d loses %d percent; 0 to 100 can be played", p.Number, p.Loss)
	case p.LoseFirst < 0 || p.LoseFirst > 0 && (p.Behaviour == ICMP || p.Behaviour == Forge):
		return fmt.Errorf("port %d loses its first %d packets; none below zero, and none of a port that answers beside the packet filter", p.Number, p.LoseFirst)
	case p.Code > 15:
		return fmt.Errorf("port %d answers with ICMP 3/%d; codes end at 15", p.Number, p.Code)
	}
	if err := p.Script.validate(); err != nil {
		return fmt.Errorf("port %d: %w", p.Number, err)
	}
	switch p.Behaviour {
	case Closed, Drop, Reset, ICMP, Echo, DNS:
		return nil
	case Greeting, Silent, AcceptClose, AcceptReset, HTTP, TLS, HTTPS, Scripted, Redis, Forge:
		if p.Proto == TCP {
			return nil
		}
		return fmt.Errorf("port %d: %s needs tcp", p.Number, p.Behaviour)
	}
	return fmt.Errorf("port %d has the unknown behaviour %q", p.Number, p.Behaviour)
}
