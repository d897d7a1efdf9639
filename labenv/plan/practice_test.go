package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/plan"
)

// practice is the table of the practice lab that the lessons print: a change
// here is one there.
const practice = `
target 10.77.0.10, neighbour 10.77.0.20, seat 10.77.0.100
9001/tcp  echo          OPEN      syn-ack
9002/tcp  closed        CLOSED    reset
9003/tcp  drop          FILTERED  no-response
9004/tcp  icmp 3/13     FILTERED  admin-prohibited
9005/tcp  icmp 3/1      FILTERED  host-unreach
9006/tcp  silent        OPEN      syn-ack
9007/tcp  accept-close  OPEN      syn-ack
9008/tcp  accept-reset  OPEN      syn-ack
9009/tcp  closed        CLOSED    reset
2222/tcp  greeting      OPEN      syn-ack  "SSH-2.0-"
2525/tcp  greeting      OPEN      syn-ack  "220 mail"
2121/tcp  greeting      OPEN      syn-ack  "220 ftp."
8080/tcp  http          OPEN      syn-ack
8443/tcp  tls           OPEN      syn-ack
6379/tcp  redis         OPEN      syn-ack
53/tcp    dns           OPEN      syn-ack
53/udp    dns
9001/udp  echo
9002/udp  closed
neighbour
9001/tcp  echo          OPEN      syn-ack
`

func TestPractice(t *testing.T) {
	p := plan.Practice()
	require.NoError(t, p.Validate())
	assert.Zero(t, p.Seed)
	var b strings.Builder
	fmt.Fprintf(&b, "\ntarget %v, neighbour %v, seat %v\n", p.Target.Addr, p.Neighbour.Addr, p.Seat.Addr)
	for _, q := range p.Target.Ports {
		row(&b, q)
	}
	fmt.Fprintln(&b, "neighbour")
	for _, q := range p.Neighbour.Ports {
		row(&b, q)
	}
	assert.Equal(t, practice, b.String())
}

// row writes a port as the table has it: number, behaviour, and for TCP state,
// reason, and how a greeting begins.
func row(b *strings.Builder, p plan.Port) {
	name, behaviour, _ := strings.Cut(p.String(), " ")
	line := fmt.Sprintf("%-8s  %-12s", name, behaviour)
	if p.Proto == plan.TCP {
		line += fmt.Sprintf("  %-8s  %s", p.State(), p.Reason())
	}
	if p.Behaviour == plan.Greeting {
		line += fmt.Sprintf("  %q", p.Text[:8])
	}
	fmt.Fprintln(b, strings.TrimRight(line, " "))
}
