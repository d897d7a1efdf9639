package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"wirelab/exercises/port"
	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// scanChecks are the checks of 07_scan. Those of ParsePorts are in ports.go.
var scanChecks = []check.Spec{
	{ID: "mix-is-right", Evidence: check.Verdicts, Waits: mixed, Run: scanMixIsRight},
	{ID: "permuted-mix-is-right", Evidence: check.Verdicts, Waits: 2 * mixed, Run: scanPermutedMixIsRight},
	{ID: "sorted-each-once", Evidence: check.Verdicts, Waits: mixed, Run: scanSortedEachOnce},
	{ID: "one-handshake-per-port", Evidence: check.Verdicts, Waits: mixed, Run: scanOneHandshakePerPort},
	{ID: "never-more-than-workers", Evidence: check.Verdicts, Waits: 2 * mixed, Run: scanNeverMoreThanWorkers},
	{ID: "silence-is-waited-for-together", Evidence: check.Verdicts, Waits: time.Second, Run: scanSilenceIsWaitedForTogether},
	{ID: "cancelled-keeps-what-is-known", Evidence: check.Verdicts, Waits: time.Second / 2, Run: scanCancelledKeepsWhatIsKnown},
	{ID: "few-descriptors-suffice", Evidence: check.Verdicts, Waits: time.Second, Run: scanFewDescriptorsSuffice},
	{ID: "odd-workers-and-no-ports", Evidence: check.Verdicts, Run: scanOddWorkersAndNoPorts},
	{ID: "names-the-port-it-could-not-judge", Evidence: check.Verdicts, Run: scanNamesThePortItCouldNotJudge},
	{ID: "ipv6-is-no-different", Evidence: check.Verdicts, Waits: 2 * mixed, Run: scanIPv6IsNoDifferent},
	{ID: "parses-ports", Evidence: check.Answers, Run: scanParsesPorts},
	{ID: "explains-bad-ports", Evidence: check.Answers, Run: scanExplainsBadPorts},
	{ID: "leaves-nothing-open", Evidence: check.Verdicts, Waits: mixed + promptly, Run: scanLeavesNothingOpen},
	{ID: "stays-in-scope", Evidence: check.Verdicts, Waits: mixed, Run: scanStaysInScope},
}

// options mirrors scan.Options: the driver decodes it by field names.
type options struct {
	Timeout time.Duration
	Workers int
}

// mixed is the timeout for scans of ports that answer and ports that do not.
// It is spent once or twice, and leaves a busy machine time for the answers.
const mixed = 700 * time.Millisecond

// scanBench starts a lab for calls of Scan. It is as patient as a scanner takes
// that asks one port after the other: that is slow, and yet no hang.
func scanBench(t *check.T, p plan.Plan, timeout time.Duration) *check.Bench {
	patience := 5 * time.Second
	for _, q := range p.Target.Ports {
		if q.Behaviour == plan.Drop {
			patience += timeout
		}
	}
	t.Patience(patience)
	return t.Bench(p)
}

// scanned is one call of Scan and what came of it.
type scanned struct {
	says    string
	options options
	reply   *drive.Reply
	results []port.Result
	byPort  map[uint16]port.Result
}

// scan makes one call of Scan. The results are decoded even beside an error.
func scan(ctx context.Context, t *check.T, b *check.Bench, host netip.Addr, ports []uint16, o options) scanned {
	s := scanned{options: o, byPort: map[uint16]port.Result{}, says: fmt.Sprintf("Scan(%v, %s, timeout %v, %d workers)", host, counted(len(ports), "port"), o.Timeout, o.Workers)}
	s.reply = b.Call(check.Call{Context: ctx, Method: "Scan", Args: []any{host, ports, o}, Says: s.says})
	if err := s.reply.Decode(0, &s.results); err != nil {
		t.Broken(err)
	}
	for _, r := range slices.Backward(s.results) {
		s.byPort[r.Port] = r
	}
	return s
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// numbers returns the ports' numbers, in the order given.
func numbers(ports []plan.Port) []uint16 {
	ns := make([]uint16, len(ports))
	for i, p := range ports {
		ns[i] = p.Number
	}
	return ns
}

// of returns the result for a port, the first if there are several.
func (s scanned) of(number uint16) (port.Result, bool) {
	r, ok := s.byPort[number]
	return r, ok
}

// requireResults fails the check unless the scan asked each of the ports, gave
// each a result, and no error. It returns the evidence. Which verdicts the
// results hold is for requireVerdicts: a wrong one fails the checks that are
// about verdicts, and no others.
func (s scanned) requireResults(t *check.T, b *check.Bench, ports []plan.Port) *check.Trace {
	tr := s.requireAll(t, b, ports)
	requireAsked(t, tr, ports...)
	return tr
}

// requireAll fails the check unless the scan gave each of the ports a result,
// and no error. All evidence comes first: it may end the check.
func (s scanned) requireAll(t *check.T, b *check.Bench, ports []plan.Port) *check.Trace {
	tr := b.Trace()
	for _, p := range ports {
		tr.Port(p)
	}
	if s.reply.Err != nil {
		t.Failf("%s returned the error %q, though every port has a verdict", s.says, s.reply.Err.Text)
	}
	for _, p := range ports {
		s.requireResult(t, tr.Port(p), p)
	}
	if len(s.results) != len(ports) {
		t.Failf("%s returned %s, not %d", s.says, counted(len(s.results), "result"), len(ports))
	}
	return tr
}

// requireVerdicts is requireAll, and holds each verdict against the wire.
func (s scanned) requireVerdicts(t *check.T, b *check.Bench, ports []plan.Port) {
	tr := s.requireAll(t, b, ports)
	for _, p := range ports {
		s.requireVerdict(t, tr.Port(p), p)
	}
}

// requireResult fails the check unless there is a result for a port, whatever
// it is.
func (s scanned) requireResult(t *check.T, f check.Finding, p plan.Port) port.Result {
	got, ok := s.of(p.Number)
	if !ok {
		f.Show()
		t.Explain(fmt.Sprintf("%s has no result for port %d", s.says, p.Number), f.ByConnect().String(), "")
		t.Failf("port %d was asked for and has no result", p.Number)
	}
	return got
}

// requireVerdict holds one port's verdict against the wire.
func (s scanned) requireVerdict(t *check.T, f check.Finding, p plan.Port) {
	got := s.requireResult(t, f, p)
	said := fmt.Sprintf("%s returned %s (%s) for port %d", s.says, orNothing(string(got.State)), orNothing(string(got.Reason)), p.Number)
	f.Require(check.Verdict{Said: said, Got: got, Want: f.ByConnect()})
}

// mixture draws n ports of each behaviour that a scanner can meet, shuffled.
func mixture(d *plan.Draft, n int) []plan.Port {
	var ports []plan.Port
	for _, b := range []plan.Behaviour{
		plan.Echo, plan.Greeting, plan.Silent, plan.AcceptClose, plan.AcceptReset, plan.Closed, plan.Reset, plan.Drop,
	} {
		ports = append(ports, d.Ports(n, b)...)
	}
	for _, code := range []uint8{0, 1, 2, 3, 9, 10, 13} {
		ports = append(ports, d.Port(plan.ICMP, plan.WithCode(code)))
	}
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	return ports
}

// scanMixIsRight: what 06 says of one port, for many at once.
func scanMixIsRight(t *check.T) {
	ports := mixture(t.Draft(), 5)
	b := scanBench(t, t.Draft().Plan(), mixed)
	scan(t.Context(), t, b, b.Host(), numbers(ports), options{mixed, 16}).requireVerdicts(t, b, ports)
}

// scanPermutedMixIsRight: the same port numbers, each with another's
// behaviour, so that no table of numbers can know the answers.
func scanPermutedMixIsRight(t *check.T) {
	d := t.Draft()
	ports := mixture(d, 3)
	p := d.Plan()
	b := scanBench(t, p, mixed)
	scan(t.Context(), t, b, b.Host(), numbers(ports), options{mixed, 32}).requireVerdicts(t, b, ports)

	order := d.Rand().Perm(len(ports))
	permuted := make([]plan.Port, len(ports))
	for i, q := range ports {
		permuted[i] = ports[order[i]]
		permuted[i].Number = q.Number
	}
	p.Target.Ports = permuted
	b = scanBench(t, p, mixed)
	scan(t.Context(), t, b, b.Host(), numbers(permuted), options{mixed, 32}).requireVerdicts(t, b, permuted)
}

// scanSortedEachOnce: the order of answers is the network's, the order of
// results is the caller's to rely on.
func scanSortedEachOnce(t *check.T) {
	d := t.Draft()
	ports := append(d.Ports(12, plan.Echo), d.Ports(12, plan.Closed)...)
	ports = append(ports, d.Ports(2, plan.Drop)...)
	list := append(numbers(ports), numbers(ports[5:20])...)
	d.Rand().Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	b := scanBench(t, d.Plan(), mixed)
	s := scan(t.Context(), t, b, b.Host(), list, options{mixed, 8})
	tr := b.Trace()
	for _, p := range ports {
		tr.Port(p)
	}
	for i := 1; i < len(s.results); i++ {
		switch before, after := s.results[i-1].Port, s.results[i].Port; {
		case before == after:
			t.Failf("port %d is in the results more than once; it was listed twice, and has one verdict", after)
		case before > after:
			t.Failf("the results are not sorted: port %d comes before port %d", before, after)
		}
	}
	s.requireResults(t, b, ports)
}

// scanOneHandshakePerPort: as for one port, for many at once.
func scanOneHandshakePerPort(t *check.T) {
	ports := mixture(t.Draft(), 2)
	b := scanBench(t, t.Draft().Plan(), mixed)
	tr := scan(t.Context(), t, b, b.Host(), numbers(ports), options{mixed, 10}).requireResults(t, b, ports)
	requireOneConnection(t, tr, ports...)
}

// scanNeverMoreThanWorkers: a connection counts from its SYN to the answer that
// ends it, the scanner's own FIN or RST, or, in silence, to the timeout less a
// tenth (see wire.Trace.AtOnce).
func scanNeverMoreThanWorkers(t *check.T) {
	const workers = 7
	d := t.Draft()
	ports := append(d.Ports(20, plan.Echo), d.Ports(20, plan.Greeting)...)
	ports = append(append(ports, d.Ports(10, plan.Drop)...), d.Ports(20, plan.Closed)...)
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := scanBench(t, d.Plan(), mixed)
	s := scan(t.Context(), t, b, b.Host(), numbers(ports), options{mixed, workers})
	tr := s.requireResults(t, b, ports)
	if most, at := tr.Target.AtOnce(s.options.Timeout); most > workers {
		t.Failf("%s had %d connections under way at once (frame %d); Workers is a promise", s.says, most, at.Number)
	}
}

// scanSilenceIsWaitedForTogether: ceil(n / Workers) timeouts and a half. The
// context ends long after that: who waits for one port after the other need
// not be waited for.
func scanSilenceIsWaitedForTogether(t *check.T) {
	const timeout = 500 * time.Millisecond
	d := t.Draft()
	ports := d.Ports(200, plan.Drop)
	b := t.Bench(d.Plan())
	ctx, cancel := context.WithTimeout(t.Context(), 8*timeout)
	t.Cleanup(cancel)
	s := scan(ctx, t, b, b.Host(), numbers(ports), options{timeout, 100})
	tr := b.Trace()
	for _, p := range ports {
		tr.Port(p)
	}
	if limit := timeout * 5 / 2; !within(s.reply.Took, limit, s.reply) {
		t.Failf("%s took %v; 200 silent ports, 100 at a time, cost two timeouts, and %v is allowed", s.says, s.reply.Took.Round(time.Millisecond), limit)
	}
	s.requireResults(t, b, ports)
}

// scanCancelledKeepsWhatIsKnown: partial results are promised, whether the
// context is cancelled or reaches its deadline (package context).
func scanCancelledKeepsWhatIsKnown(t *check.T) {
	requireKeepsWhatIsKnown(t, cancellable{
		scan: func(ctx context.Context, b *check.Bench, ports []plan.Port) scanned {
			return scan(ctx, t, b, b.Host(), numbers(ports), options{longTimeout, len(ports)})
		},
		find:    (*check.Trace).Port,
		require: func(s scanned, f check.Finding, p plan.Port) { s.requireVerdict(t, f, p) },
	})
}

// scanFewDescriptorsSuffice: RLIMIT_NOFILE (getrlimit(2)) of 256, four times as
// many workers, and far more ports than either.
func scanFewDescriptorsSuffice(t *check.T) {
	const timeout = 1200 * time.Millisecond
	d := t.Draft()
	ports := append(append(d.Ports(9966, plan.Closed), d.Ports(30, plan.Echo)...), d.Ports(4, plan.Drop)...)
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := scanBench(t, d.Plan(), 3*time.Second) // 10,000 ports take their time by themselves
	b.LimitDescriptors(256)
	scan(t.Context(), t, b, b.Host(), numbers(ports), options{timeout, 1000}).requireVerdicts(t, b, ports)
}

// scanOddWorkersAndNoPorts: no answer of these may surprise.
func scanOddWorkersAndNoPorts(t *check.T) {
	d := t.Draft()
	ports := append(d.Ports(3, plan.Echo), d.Ports(3, plan.Closed)...)
	b := t.Bench(d.Plan())
	for _, none := range [][]uint16{nil, {}} {
		s := scan(t.Context(), t, b, b.Host(), none, options{answered, 4})
		require.Nil(t, s.reply.Err, "%s: no ports are no work, and no error", s.says)
		require.Empty(t, s.results, "%s: no ports are no work, and no results", s.says)
	}
	for _, workers := range []int{0, -3, 1, 1_000_000} {
		scan(t.Context(), t, b, b.Host(), numbers(ports), options{answered, workers}).requireVerdicts(t, b, ports)
	}
}

// scanNamesThePortItCouldNotJudge: port 0 has no verdict. Either the others get
// theirs beside an error, or the list is refused before anything is sent; the
// error names the port in both cases. Without port 0 there is no error.
func scanNamesThePortItCouldNotJudge(t *check.T) {
	d := t.Draft()
	ports := append(d.Ports(3, plan.Echo), d.Ports(3, plan.Closed)...)
	b := t.Bench(d.Plan())
	s := scan(t.Context(), t, b, b.Host(), append(numbers(ports), 0), options{answered, 4})
	tr := b.Trace()
	for _, p := range ports {
		tr.Port(p)
	}
	if r, ok := s.of(0); ok {
		t.Failf("%s says that port 0 is %s; nobody can ask port 0", s.says, r.State)
	}
	if s.reply.Err == nil {
		t.Failf("%s returned no error, though port 0 was among the ports and has no verdict", s.says)
	}
	if !mentions(strings.ReplaceAll(s.reply.Err.Text, b.Host().String(), ""), "0") {
		t.Failf("%s returned the error %q, which does not name port 0", s.says, s.reply.Err.Text)
	}
	refused := len(s.results) == 0 && len(tr.Target.Received()) == 0
	for _, p := range ports {
		if !refused {
			s.requireVerdict(t, tr.Port(p), p)
		}
	}
	scan(t.Context(), t, b, b.Host(), numbers(ports), options{answered, 4}).requireResults(t, b, ports)
}

// scanIPv6IsNoDifferent: RFC 4443, 3.1 for the errors. The timeout is above a
// second: an ICMPv6 error that overtakes its connect(2) is noticed with the
// kernel's second SYN only (tcp(7)).
func scanIPv6IsNoDifferent(t *check.T) {
	d := t.Draft()
	ports := append(append(d.Ports(4, plan.Echo), d.Ports(4, plan.Closed)...), d.Ports(2, plan.Drop)...)
	ports = append(ports, d.Port(plan.ICMP, plan.WithCode(1)), d.Port(plan.ICMP, plan.WithCode(13)))
	b := scanBench(t, d.Plan(), 2*mixed)
	scan(t.Context(), t, b, b.Host6(), numbers(ports), options{2 * mixed, 6}).requireVerdicts(t, b, ports)
}

// scanLeavesNothingOpen: as for one probe, after some hundred.
func scanLeavesNothingOpen(t *check.T) {
	d := t.Draft()
	ports := append(append(d.Ports(60, plan.Echo), d.Ports(60, plan.Closed)...), d.Ports(4, plan.Drop)...)
	b := scanBench(t, d.Plan(), mixed)
	o := options{mixed, 40}
	scan(t.Context(), t, b, b.Host(), numbers(ports[:10]), o)
	descriptors, goroutines := len(b.Descriptors()), b.Goroutines()
	scan(t.Context(), t, b, b.Host(), numbers(ports), o)
	ctx, cancel := context.WithTimeout(t.Context(), promptly)
	t.Cleanup(cancel)
	scan(ctx, t, b, b.Host(), numbers(ports), o)
	requireAsked(t, b.Trace(), ports...)
	requireTidy(t, b, descriptors, goroutines)
	requireLetGo(t, b)
}

// scanStaysInScope: not a packet to any port but those asked for. That nothing
// goes to the neighbour is part of every check.
func scanStaysInScope(t *check.T) {
	d := t.Draft()
	ports := append(append(d.Ports(8, plan.Echo), d.Ports(8, plan.Closed)...), d.Ports(2, plan.Drop)...)
	d.Neighbour(plan.Echo)
	b := scanBench(t, d.Plan(), mixed)
	tr := scan(t.Context(), t, b, b.Host(), numbers(ports), options{mixed, 8}).requireResults(t, b, ports)
	requireNoStrays(t, tr, ports...)
}
