package labtest

import (
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

// patience bounds what should happen at once, on the slowest machine.
const patience = 20 * time.Second

// soon is shorter than a second, after which kernels send a SYN again (RFC
// 6298, section 2.1): what is seen within it follows from the first.
const soon = 700 * time.Millisecond

// suite is what the tests of one maker share.
type suite struct {
	start labenv.Maker
	exe   string // path of seatprog
}

// buildSeatProgram builds the program that sits in the learner's place.
func buildSeatProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seatprog")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, "wirelab/labenv/labtest/seatprog") //nolint:gosec // the kit's own source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "build seatprog: %s", out)
	return path
}

// bench is a lab under test.
type bench struct {
	labenv.Lab
	suite suite
}

// lab starts a lab, which the test's end closes.
func (s suite) lab(t *testing.T, p plan.Plan) bench {
	t.Helper()
	l, err := s.start(t.Context(), p)
	if l != nil {
		t.Cleanup(func() { assert.NoError(t, l.Close()) })
	}
	require.NoError(t, err)
	return bench{l, s}
}

// traces returns what both hosts saw up to now.
func (b bench) traces(t *testing.T) (target, neighbour *wire.Trace) {
	t.Helper()
	c, err := b.Captures(t.Context())
	require.NoError(t, err)
	require.True(t, c.Complete, c.Why)
	target, err = wire.Read(c.Target, c.Sync)
	require.NoError(t, err)
	neighbour, err = wire.Read(c.Neighbour, c.Sync)
	require.NoError(t, err)
	return target, neighbour
}

// families are the target's addresses.
func (b bench) families() []netip.Addr {
	return []netip.Addr{b.Plan().Target.Addr, b.Plan().Target.Addr6}
}

// target names a port of the target over IPv4.
func (b bench) target(p plan.Port) string { return address(b.Plan().Target.Addr, p) }

func address(a netip.Addr, p plan.Port) string { return netip.AddrPortFrom(a, p.Number).String() }

// program is seatprog in a lab's seat.
type program struct {
	labenv.Process
	in             *json.Decoder
	stdout, stderr <-chan []byte // all that it printed, once it has ended
}

// run starts seatprog; refine may be nil.
func (b bench) run(t *testing.T, refine func(*labenv.Program)) *program {
	t.Helper()
	p, err := b.tryRun(t.Context(), refine)
	if p != nil {
		t.Cleanup(func() { assert.NoError(t, p.Close()) })
	}
	require.NoError(t, err)
	return p
}

func (b bench) tryRun(ctx context.Context, refine func(*labenv.Program)) (*program, error) {
	exe, err := os.Open(b.suite.exe)
	if err != nil {
		return nil, err
	}
	defer exe.Close()
	prog := labenv.Program{Exe: exe}
	if refine != nil {
		refine(&prog)
	}
	p, err := b.Start(ctx, prog)
	if err != nil {
		return nil, err
	}
	return &program{
		Process: p, in: json.NewDecoder(p.Channel()),
		stdout: collect(p.Stdout()), stderr: collect(p.Stderr()),
	}, nil
}

// collect reads all of r, and tells once that is over.
func collect(r io.Reader) <-chan []byte {
	all := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(r) // a closed program ends it with an error
		all <- data
	}()
	return all
}

// limits refines a program's limits.
func limits(l labenv.Limits) func(*labenv.Program) {
	return func(p *labenv.Program) { p.Limits = l }
}

// order sends a request and does not wait for its reply.
func (p *program) order(t *testing.T, r orders.Request) {
	t.Helper()
	require.NoError(t, json.NewEncoder(p.Channel()).Encode(r))
}

// reply waits for a reply.
func (p *program) reply(t *testing.T) orders.Reply {
	t.Helper()
	type result struct {
		reply orders.Reply
		err   error
	}
	got := make(chan result, 1)
	go func() {
		var r result
		r.err = p.in.Decode(&r.reply)
		got <- r
	}()
	select {
	case r := <-got:
		require.NoError(t, r.err, "the program's reply")
		return r.reply
	case <-time.After(patience):
		require.Fail(t, "the program does not reply")
		return orders.Reply{}
	}
}

// do has the program do something and returns its reply.
func (p *program) do(t *testing.T, r orders.Request) orders.Reply {
	t.Helper()
	p.order(t, r)
	return p.reply(t)
}

// dial connects to all addresses at once.
func (p *program) dial(t *testing.T, timeout time.Duration, to ...string) []orders.Dialled {
	t.Helper()
	r := p.do(t, orders.Request{Do: orders.Dial, To: to, Timeout: timeout})
	require.Empty(t, r.Err)
	require.Len(t, r.Dials, len(to))
	return r.Dials
}

// connect connects to an address that must accept, and returns the
// connection's number.
func (p *program) connect(t *testing.T, to string) int {
	t.Helper()
	d := p.dial(t, patience, to)[0]
	require.Empty(t, d.Err, to)
	return d.ID
}

// receive reads max bytes from a connection, or what comes until its end.
func (p *program) receive(t *testing.T, conn, size int, timeout time.Duration) orders.Reply {
	t.Helper()
	return p.do(t, orders.Request{Do: orders.Receive, Number: conn, Max: size, Timeout: timeout})
}

// say sends data over a connection.
func (p *program) say(t *testing.T, conn int, data string) {
	t.Helper()
	require.Empty(t, p.do(t, orders.Request{Do: orders.Send, Number: conn, Data: []byte(data), Timeout: patience}).Err)
}

// hangUp closes all connections.
func (p *program) hangUp(t *testing.T) {
	t.Helper()
	require.Empty(t, p.do(t, orders.Request{Do: orders.Close}).Err)
}

// wait waits for the program's end.
func (p *program) wait(t *testing.T) labenv.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	exit, err := p.Wait(ctx)
	require.NoError(t, err)
	return exit
}
