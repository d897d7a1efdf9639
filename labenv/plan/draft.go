package plan

import (
	"math/rand/v2"
)

// Draft is a plan in the making. What it draws (port numbers, orders, choices)
// follows from its seed alone: same seed, same calls, same plan.
type Draft struct {
	plan Plan
	rng  *rand.Rand
	used map[uint16]bool
}

// New returns an empty draft with the usual hosts.
func New(seed uint64) *Draft {
	return &Draft{
		plan: empty(seed),
		rng:  rand.New(rand.NewPCG(seed, 0x77697265)), //nolint:gosec // repeatable, not secret: the seed is printed
		used: map[uint16]bool{},
	}
}

// Rand is the draft's source of chance, for choices beside its own.
func (d *Draft) Rand() *rand.Rand { return d.rng }

// Option refines a port that is added to a draft.
type Option func(*Port)

// WithCode sets the ICMP type 3 code of an ICMP port.
func WithCode(code uint8) Option { return func(p *Port) { p.Code = code } }

// WithText sets what a Greeting or Silent port says.
func WithText(text string) Option { return func(p *Port) { p.Text = text } }

// WithLoss sets how many percent of the packets to the port get lost.
func WithLoss(percent int) Option { return func(p *Port) { p.Loss = percent } }

// WithLoseFirst sets how many packets to the port get lost before the first
// arrives.
func WithLoseFirst(n int) Option { return func(p *Port) { p.LoseFirst = n } }

// Port adds a TCP port with the behaviour to the target and returns it. Its
// number is drawn from 1024 to 65535 and is used by no other port of the
// draft, of either host.
func (d *Draft) Port(b Behaviour, opts ...Option) Port {
	p := d.make(b, opts)
	d.plan.Target.Ports = append(d.plan.Target.Ports, p)
	return p
}

// Ports adds n TCP ports with the behaviour to the target and returns them.
func (d *Draft) Ports(n int, b Behaviour, opts ...Option) []Port {
	ps := make([]Port, n)
	for i := range ps {
		ps[i] = d.Port(b, opts...)
	}
	return ps
}

// Neighbour adds a TCP port to the neighbour and returns it.
func (d *Draft) Neighbour(b Behaviour, opts ...Option) Port {
	p := d.make(b, opts)
	d.plan.Neighbour.Ports = append(d.plan.Neighbour.Ports, p)
	return p
}

func (d *Draft) make(b Behaviour, opts []Option) Port {
	p := Port{Number: d.number(), Proto: TCP, Behaviour: b}
	if b == Greeting {
		p.Text = "hello from the lab\r\n"
	}
	for _, o := range opts {
		o(&p)
	}
	return p
}

func (d *Draft) number() uint16 {
	for {
		n := uint16(1024 + d.rng.IntN(65536-1024)) //nolint:gosec // within uint16 by construction
		if !d.used[n] {
			d.used[n] = true
			return n
		}
	}
}

// Plan returns the plan drawn so far. Later calls on the draft leave it alone.
func (d *Draft) Plan() Plan {
	p := d.plan
	p.Target.Ports = append([]Port(nil), p.Target.Ports...)
	p.Neighbour.Ports = append([]Port(nil), p.Neighbour.Ports...)
	p.Target.Names = append([]Name(nil), p.Target.Names...)
	return p
}
