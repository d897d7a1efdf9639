package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// toolChecks are the checks of 18_tool. How what it prints is read stands in
// toolread.go.
var toolChecks = []check.Spec{
	{ID: "table-is-right", Evidence: check.Verdicts, Waits: mixed, Run: toolTableIsRight},
	{ID: "json-is-right", Evidence: check.Verdicts, Waits: mixed, Run: toolJSONIsRight},
	{ID: "default-ports", Evidence: check.Verdicts, Run: toolDefaultPorts},
	{ID: "options-are-heeded", Evidence: check.Verdicts, Waits: 3 * time.Second, Run: toolOptionsAreHeeded},
	{ID: "usage-errors", Evidence: check.Verdicts, Run: toolUsageErrors},
	{ID: "cannot-scan", Evidence: check.Verdicts, Run: toolCannotScan},
	{ID: "out-of-scope", Evidence: check.Verdicts, Run: toolOutOfScope},
	{ID: "scope-file-is-law", Evidence: check.Verdicts, Run: toolScopeFileIsLaw},
	{ID: "default-scope", Evidence: check.Verdicts, Run: toolDefaultScope},
	{ID: "names-resolve", Evidence: check.Verdicts, Run: toolNamesResolve},
	{ID: "banners", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: toolBanners},
	{ID: "progress-on-a-terminal-only", Evidence: check.Verdicts, Waits: settle, Run: toolProgressOnATerminalOnly},
	{ID: "ctrl-c-keeps-what-is-known", Evidence: check.Verdicts, Waits: time.Second, Run: toolCtrlCKeepsWhatIsKnown},
	{ID: "ipv6-is-no-different", Evidence: check.Verdicts, Waits: mixed, Run: toolIPv6IsNoDifferent},
	{ID: "stays-in-scope", Evidence: check.Verdicts, Waits: mixed, Run: toolStaysInScope},
}

// The exit statuses of 18's contract.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

const (
	// scopeFile is where the tool finds its scope.
	scopeFile = "/scope"
	// slowTool is how long a run may take in all: it may wait for banners.
	slowTool = 30 * time.Second
	// busy is how long a tool may take, on the slowest machine, over what takes
	// it a fraction of a second on others. Runs that are waited for so are
	// given a timeout that is longer.
	busy = 10 * time.Second
)

// toolBench starts a lab for runs of the tool.
func toolBench(t *check.T, p plan.Plan) *check.Bench {
	t.Patience(slowTool)
	return t.EmptySeat(withDNS(p))
}

// netprobe is a call of the tool.
func netprobe(args ...string) check.Command {
	return check.Command{Args: args, Says: "netprobe " + strings.Join(args, " ")}
}

// scoped gives a call a scope file with these lines.
func scoped(lines string, args ...string) check.Command {
	c := netprobe(append([]string{"-scope", scopeFile}, args...)...)
	c.Files = map[string][]byte{scopeFile: []byte(lines)}
	return c
}

// targetOnly is a scope with the target alone in it.
func targetOnly(b *check.Bench) string {
	return fmt.Sprintf("allow %v\nallow %v\n", b.Host(), b.Host6())
}

// number is a port's number as it is typed.
func number(p plan.Port) string { return strconv.Itoa(int(p.Number)) }

// spec is a list of ports for -p, in the order given.
func spec(ports []plan.Port) string {
	items := make([]string, len(ports))
	for i, p := range ports {
		items[i] = number(p)
	}
	return strings.Join(items, ",")
}

// toolTableIsRight: exercises/18_tool/README.md, "The table".
func toolTableIsRight(t *check.T) {
	ports := mixture(t.Draft(), 2)
	b := toolBench(t, t.Draft().Plan())
	c := scoped(targetOnly(b), "-p", spec(ports), "-timeout", mixed.String(), b.Host().String())
	run := done(t, b, c)
	run.rows = table(t, run)
	run.requireVerdicts(t, b, ports)
}

// toolJSONIsRight: JSON lines, each an object (RFC 8259) with the fields of the
// contract.
func toolJSONIsRight(t *check.T) {
	ports := mixture(t.Draft(), 2)
	b := toolBench(t, t.Draft().Plan())
	c := scoped(targetOnly(b), "-json", "-p", spec(ports), "-timeout", mixed.String(), b.Host().String())
	run := listed(t, b, c)
	run.requireVerdicts(t, b, ports)
	tr := b.Trace()
	for _, p := range ports {
		run.requireTimes(t, tr.Port(p), p)
	}
	for _, r := range run.rows {
		if r.Host != b.Host().String() {
			t.Failf("the line of port %d says that host %q was scanned, not %v", r.Port, r.Host, b.Host())
		}
		if r.Banner != "" {
			t.Failf("the line of port %d has a banner, %q, and -banner was not given", r.Port, r.Banner)
		}
	}
}

// toolDefaultPorts: the IANA registry of services (RFC 6335).
func toolDefaultPorts(t *check.T) {
	d := t.Draft()
	var ports []plan.Port
	p := d.Plan()
	for _, n := range []uint16{22, 53, 80, 443, 3306, 5432} {
		q := plan.Port{Number: n, Proto: plan.TCP, Behaviour: []plan.Behaviour{plan.Closed, plan.Silent}[d.Rand().IntN(2)]}
		if n == 53 { // which the bench adds
			q.Behaviour = plan.DNS
		} else {
			p.Target.Ports = append(p.Target.Ports, q)
		}
		ports = append(ports, q)
	}
	b := toolBench(t, p)
	run := listed(t, b, scoped(targetOnly(b), "-json", b.Host().String()))
	tr := b.Trace()
	for _, q := range ports {
		run.requireVerdict(t, tr.Port(q), q)
	}
	names := map[uint16]string{22: "ssh", 80: "http", 443: "https", 3306: "mysql"} // the others go by several
	for n, want := range names {
		if got, _ := run.row(n); got.Service != want {
			t.Failf("port %d is known as %s; netprobe calls it %q", n, want, got.Service)
		}
	}
}

// toolOptionsAreHeeded: a silent port costs the timeout that was asked for, and
// no more than -workers ports are in question at once.
func toolOptionsAreHeeded(t *check.T) {
	const workers = 3
	d := t.Draft()
	silent, ports := d.Ports(6, plan.Drop), d.Ports(12, plan.Echo)
	ports = append(ports, silent...)
	d.Rand().Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	b := toolBench(t, d.Plan())
	scan := func(timeout time.Duration, ports []plan.Port) toolRun {
		run := listed(t, b, scoped(targetOnly(b), "-json", "-workers", strconv.Itoa(workers), "-timeout", timeout.String(), "-p", spec(ports), b.Host().String()))
		run.requireVerdicts(t, b, ports)
		return run
	}
	run := scan(mixed, ports)
	if most, at := b.Trace().Target.AtOnce(mixed); most > workers {
		t.Failf("%s had %d connections under way at once (frame %d)", run.command.Says, most, at.Number)
	}
	for _, timeout := range []time.Duration{unanswered, 5 * unanswered} {
		run := scan(timeout, silent[:1])
		if took := run.ended.Took; took < timeout || !within(took, timeout+time.Second, &drive.Reply{Late: run.ended.Late}) {
			t.Failf("%s has one silent port to wait for, and took %v", run.command.Says, took.Round(time.Millisecond))
		}
	}
}

// toolUsageErrors: exit status 2 for a wrong call is what the shell's own
// commands use (POSIX.1-2017, XCU 1.4), and package flag, too.
func toolUsageErrors(t *check.T) {
	open := t.Draft().Port(plan.Echo)
	b := toolBench(t, t.Draft().Plan())
	host, port := b.Host().String(), number(open)
	for _, args := range [][]string{
		{},
		{"-p", port},
		{"-p", port, host, host},
		{"-nonsense", "-p", port, host},
		{"-p", "70000", host},
		{"-p", port + ",http", host},
		{"-p", port, "-timeout", "soon", host},
		{"-p", port, "-timeout", "0s", host},
		{"-p", port, "-timeout", "-1s", host},
		{"-p", port, "-workers", "many", host},
	} {
		refused(t, b, scoped(targetOnly(b), args...), statusUsage)
	}
	requireNothingAsked(t, b, "after wrong calls alone")
	done(t, b, scoped(targetOnly(b), "-p", port, host))
	requireAsked(t, b.Trace(), open)
}

// toolCannotScan: a name without an address (RFC 1035, NXDOMAIN) has no ports.
func toolCannotScan(t *check.T) {
	open := t.Draft().Port(plan.Echo)
	b := toolBench(t, t.Draft().Plan())
	name := fmt.Sprintf("nobody%d.lab.test", t.Draft().Rand().IntN(1000))
	run := refused(t, b, scoped(targetOnly(b), "-p", number(open), name), statusFailed)
	if !strings.Contains(run.ended.Stderr, name) {
		t.Failf("%s ended with %q on stderr, which does not name the host", run.command.Says, shorten(run.ended.Stderr))
	}
	requireNothingAsked(t, b, "though the host's name has no address")
	done(t, b, scoped(targetOnly(b), "-p", number(open), b.Host().String()))
	requireAsked(t, b.Trace(), open)
}

// toolOutOfScope: by address, over both families, in an IPv6 disguise (RFC 4291,
// section 2.5.5.2), and by name. The recording at the neighbour is held empty
// when the check ends.
func toolOutOfScope(t *check.T) {
	d := t.Draft()
	open := d.Port(plan.Echo)
	both, disguised := d.Name(plan.TargetAddr, plan.NeighbourAddr), d.Name(netip.AddrFrom16(plan.NeighbourAddr.As16()))
	b := toolBench(t, d.Plan())
	neighbour, neighbour6 := b.Neighbour()
	port := number(open)
	for _, host := range []string{neighbour.String(), neighbour6.String(), "::ffff:" + neighbour.String(), "neighbour.lab.test", both, disguised} {
		refused(t, b, scoped(targetOnly(b), "-p", port, host), statusFailed)
	}
	// Half of what the name stands for is allowed, and half is not enough.
	for _, half := range []netip.Addr{b.Host(), b.Host6()} {
		refused(t, b, scoped(fmt.Sprintf("allow %v\n", half), "-p", port, "target.lab.test"), statusFailed)
	}
	requireNothingAsked(t, b, "though everything was out of scope")
	run := listed(t, b, scoped(targetOnly(b), "-p", port, "-json", b.Host().String()))
	run.requireVerdicts(t, b, []plan.Port{open})
}

// toolScopeFileIsLaw: exercises/10_scope says what a scope file means.
func toolScopeFileIsLaw(t *check.T) {
	open := t.Draft().Port(plan.Echo)
	b := toolBench(t, t.Draft().Plan())
	host, port := b.Host().String(), number(open)
	for _, lines := range []string{
		"allow 0.0.0.0/0\ndeny " + host + "\n",
		"# nothing is allowed\n",
		"allow " + host + "\nalow 10.0.0.0/8\n",
	} {
		refused(t, b, scoped(lines, "-p", port, host), statusFailed, statusUsage)
	}
	missing := netprobe("-scope", "/nowhere", "-p", port, host)
	missing.Files = map[string][]byte{"/nowhere": nil} // it may be looked for
	refused(t, b, missing, statusFailed, statusUsage)
	requireNothingAsked(t, b, "though the scope did not allow it")
	run := listed(t, b, scoped("# ours\nallow "+host+"/32 # the target\n", "-p", port, "-json", host))
	run.requireVerdicts(t, b, []plan.Port{open})
}

// toolDefaultScope: what may be scanned is fixed where no file says it, and the
// refusal says how to change that.
func toolDefaultScope(t *check.T) {
	open := t.Draft().Port(plan.Echo)
	b := toolBench(t, t.Draft().Plan())
	neighbour, neighbour6 := b.Neighbour()
	port := number(open)
	for _, host := range []netip.Addr{neighbour, neighbour6, b.Host6()} {
		run := refused(t, b, netprobe("-p", port, host.String()), statusFailed)
		if !strings.Contains(run.ended.Stderr, "-scope") {
			t.Failf("%s was refused with %q: say that -scope can name a file", run.command.Says, shorten(run.ended.Stderr))
		}
	}
	requireNothingAsked(t, b, "though it was out of scope")
	for _, host := range []string{"127.0.0.1", plan.TargetAddr.String()} {
		run := listed(t, b, netprobe("-p", port, "-timeout", unanswered.String(), "-json", host))
		if len(run.rows) != 1 {
			t.Failf("%s needs no -scope, and printed %d lines for one port", run.command.Says, len(run.rows))
		}
		if host == b.Host().String() {
			run.requireVerdicts(t, b, []plan.Port{open})
		}
	}
}

// toolNamesResolve: resolv.conf(5) names the server; RFC 1035.
func toolNamesResolve(t *check.T) {
	d := t.Draft()
	ports := append(d.Ports(2, plan.Echo), d.Ports(2, plan.Closed)...)
	b := toolBench(t, d.Plan())
	run := listed(t, b, scoped(targetOnly(b), "-p", spec(ports), "-json", "target.lab.test"))
	run.requireVerdicts(t, b, ports)
	for _, r := range run.rows {
		if r.Host != b.Host().String() && r.Host != b.Host6().String() {
			t.Failf("the line of port %d says that host %q was scanned; that is no address of target.lab.test", r.Port, r.Host)
		}
	}
}

// toolBanners: RFC 4253, section 4.2, and RFC 5321, section 3.1, for who speaks
// first.
func toolBanners(t *check.T) {
	d := t.Draft()
	version := fmt.Sprintf("SSH-2.0-lab_%d.%d", d.Rand().IntN(10), d.Rand().IntN(100))
	ssh := d.Port(plan.Greeting, plan.WithText(version+"\r\n"))
	quiet, closed := d.Port(plan.Echo), d.Port(plan.Closed)
	ports := []plan.Port{ssh, quiet, closed}
	b := toolBench(t, d.Plan())
	args := []string{"-p", spec(ports), "-timeout", "1s", "-json", b.Host().String()}

	run := listed(t, b, scoped(targetOnly(b), args...))
	run.requireVerdicts(t, b, ports)
	requireNothingSaid(t, b, ports)
	if got, _ := run.row(ssh.Number); got.Banner != "" {
		t.Failf("port %d has the banner %q, and -banner was not given", ssh.Number, got.Banner)
	}

	run = listed(t, b, scoped(targetOnly(b), append([]string{"-banner"}, args...)...))
	run.requireVerdicts(t, b, ports)
	got, _ := run.row(ssh.Number)
	if strings.TrimSpace(got.Banner) != version || got.Service != "ssh" {
		t.Failf("port %d greets with %q, which is ssh; netprobe says banner %q, service %q", ssh.Number, version, got.Banner, got.Service)
	}
	if got, _ := run.row(closed.Number); got.Banner != "" {
		t.Failf("port %d is closed, and netprobe says that its banner is %q", closed.Number, got.Banner)
	}
	requireNothingSaid(t, b, []plan.Port{ssh, closed})
}

// toolProgressOnATerminalOnly: isatty(3).
func toolProgressOnATerminalOnly(t *check.T) {
	silent := t.Draft().Port(plan.Drop)
	b := toolBench(t, t.Draft().Plan())
	args := []string{"-p", number(silent), b.Host().String()}
	run := done(t, b, scoped(targetOnly(b), append([]string{"-timeout", unanswered.String()}, args...)...))
	if run.ended.Stderr != "" {
		t.Failf("%s went well, and its stderr is no terminal; it printed %q there", run.command.Says, shorten(run.ended.Stderr))
	}
	c := scoped(targetOnly(b), append([]string{"-timeout", "20s"}, args...)...)
	c.Terminal = true
	watched := b.Launch(c)
	if !await(t, busy, func() bool { return watched.Stderr() != "" }) {
		t.Failf("%s printed nothing to its terminal for %v, though it had nothing but waiting to do", c.Says, busy)
	}
	requireAsked(t, b.Trace(), silent)
	watched.Interrupt()
	watched.Wait()
}

// toolCtrlCKeepsWhatIsKnown: SIGINT (signal(7)) while some ports have answered
// and others are silent.
func toolCtrlCKeepsWhatIsKnown(t *check.T) {
	d := t.Draft()
	silent := d.Ports(3, plan.Drop)
	known := append(d.Ports(4, plan.Echo), d.Ports(4, plan.Closed)...)
	b := toolBench(t, d.Plan())
	c := scoped(targetOnly(b), "-p", spec(slices.Concat(known, silent)), "-timeout", "20s", "-workers", "20", "-json", b.Host().String())
	program := b.Launch(c)
	awaitAnswers(t, b, known, silent)
	pressed := time.Now()
	program.Interrupt()
	run := toolRun{command: c, ended: program.Wait()}
	if took := time.Since(pressed); took > settle+turns*run.ended.Late {
		t.Failf("netprobe ended %v after Ctrl-C", took.Round(time.Millisecond))
	}
	if run.ended.Code != statusFailed {
		t.Failf("netprobe ended with exit status %d after Ctrl-C, not %d", run.ended.Code, statusFailed)
	}
	run.rows = jsonLines(t, run)
	tr := b.Trace()
	for _, p := range known {
		run.requireVerdict(t, tr.Port(p), p)
	}
	for _, p := range silent {
		if r, ok := run.row(p.Number); ok {
			t.Failf("port %d had not answered, and most of its 20 s were left; netprobe says that it is %s", p.Number, r.State)
		}
	}
}

// toolIPv6IsNoDifferent: RFC 4291.
func toolIPv6IsNoDifferent(t *check.T) {
	d := t.Draft()
	ports := slices.Concat(d.Ports(2, plan.Echo), d.Ports(2, plan.Closed), d.Ports(1, plan.Drop))
	b := toolBench(t, d.Plan())
	run := listed(t, b, scoped(targetOnly(b), "-json", "-p", spec(ports), "-timeout", mixed.String(), b.Host6().String()))
	run.requireVerdicts(t, b, ports)
}

// toolStaysInScope: what was asked for, once, and nothing else.
func toolStaysInScope(t *check.T) {
	ports := mixture(t.Draft(), 1)
	b := toolBench(t, t.Draft().Plan())
	run := listed(t, b, scoped(targetOnly(b), "-json", "-p", spec(ports), "-timeout", mixed.String(), b.Host().String()))
	tr := run.requireAll(t, b, ports)
	requireAsked(t, tr, ports...)
	requireOneConnection(t, tr, ports...)
	requireNoStrays(t, tr, ports...)
}
