package checks

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"wirelab/grader/check"
	"wirelab/grader/drive"
	"wirelab/labenv/plan"
)

// bannerChecks are the checks of 09_banner.
var bannerChecks = []check.Spec{
	{ID: "greeters-are-known", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: bannerGreetersAreKnown},
	{ID: "says-nothing-to-greeters", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: bannerSaysNothingToGreeters},
	{ID: "http-is-asked", Evidence: check.Verdicts, Waits: time.Second, Run: bannerHTTPIsAsked},
	{ID: "redis-is-known", Evidence: check.Verdicts, Waits: time.Second, Run: bannerRedisIsKnown},
	{ID: "echo-is-known", Evidence: check.Verdicts, Waits: time.Second, Run: bannerEchoIsKnown},
	{ID: "tls-is-asked-anew", Evidence: check.Verdicts, Waits: time.Second, Run: bannerTLSIsAskedAnew},
	{ID: "silence-is-unknown", Evidence: check.Verdicts, Waits: 3 * time.Second, Run: bannerSilenceIsUnknown},
	{ID: "pieces-are-joined", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: bannerPiecesAreJoined},
	{ID: "enough-is-enough", Evidence: check.Verdicts, Waits: time.Second, Run: bannerEnoughIsEnough},
	{ID: "text-is-text", Evidence: check.Verdicts, Waits: time.Second, Run: bannerTextIsText},
	{ID: "timeout-bounds-the-whole", Evidence: check.Verdicts, Waits: 3 * time.Second, Run: bannerTimeoutBoundsTheWhole},
	{ID: "nobody-there-is-an-error", Evidence: check.Verdicts, Waits: time.Second, Run: bannerNobodyThereIsAnError},
	{ID: "leaves-nothing-open", Evidence: check.Verdicts, Waits: 2 * time.Second, Run: bannerLeavesNothingOpen},
	{ID: "stays-in-scope", Evidence: check.Verdicts, Waits: time.Second, Run: bannerStaysInScope},
}

// grabOptions mirrors banner.Options, grabbed the driver's answer.
type grabOptions struct{ Wait, Timeout time.Duration }

type grabbed struct {
	Raw, Text  []byte
	Valid      bool
	Service    string
	SpokeFirst bool
	TLS        bool

	says  string
	reply *drive.Reply
}

const (
	// quiet is the Wait of most calls: a busy machine's servers speak within it.
	quiet = 400 * time.Millisecond
	// ample is their Timeout: nothing comes near it that is in order.
	ample = 8 * time.Second
	// mostBanner is how much of a banner is wanted, in bytes.
	mostBanner = 1024
)

// grab makes one call of Grab.
func grab(t *check.T, b *check.Bench, to netip.AddrPort, o grabOptions) grabbed {
	return grabIn(t.Context(), t, b, to, o)
}

func grabIn(ctx context.Context, t *check.T, b *check.Bench, to netip.AddrPort, o grabOptions) grabbed {
	g := grabbed{says: fmt.Sprintf("Grab(%v, wait %v, timeout %v)", to, o.Wait, o.Timeout)}
	g.reply = b.Call(check.Call{Context: ctx, Method: "Grab", Args: []any{to, o}, Says: g.says})
	if err := g.reply.Decode(0, &g); err != nil {
		t.Broken(err)
	}
	return g
}

// served is a service of the lab and what is right to say of it.
type served struct {
	port    plan.Port
	raw     string // what it says in plaintext; "" where that is free
	service string
	first   bool // it speaks first
	tls     bool
}

// bannerBench starts a lab for calls of Grab. A call that takes somewhat longer
// than ample is wrong, and no hang.
func bannerBench(t *check.T) *check.Bench {
	t.Patience(ample + 3*time.Second)
	return t.Bench(t.Draft().Plan())
}

// requireServices asks the services, and holds what is said of each against the truth.
func requireServices(t *check.T, b *check.Bench, all ...served) []grabbed {
	var got []grabbed
	for _, s := range all {
		got = append(got, grab(t, b, b.Target(s.port), grabOptions{quiet, ample}))
	}
	tr := b.Trace()
	for _, s := range all {
		tr.Port(s.port)
	}
	for i, s := range all {
		s.require(t, tr.Port(s.port), got[i])
	}
	return got
}

// require holds what was said of one service against the truth.
func (s served) require(t *check.T, f check.Finding, g grabbed) {
	if g.reply.Err != nil || s.raw != "" && string(g.Raw) != s.raw || g.Service != s.service || g.SpokeFirst != s.first || g.TLS != s.tls {
		f.Show()
	}
	switch {
	case g.reply.Err != nil:
		t.Failf("%s returned the error %q, though a server answers there", g.says, g.reply.Err.Text)
	case s.raw != "" && string(g.Raw) != s.raw:
		t.Explain(fmt.Sprintf("%s returned Raw %q", g.says, shorten(string(g.Raw))), fmt.Sprintf("%q", shorten(s.raw)), "")
		t.Failf("Raw is not what the server sent")
	case g.Service != s.service:
		t.Explain(fmt.Sprintf("%s returned Service %q, Raw %q", g.says, g.Service, shorten(string(g.Raw))), fmt.Sprintf("%q", s.service), "")
		t.Failf("the server is taken for another")
	case g.SpokeFirst != s.first:
		t.Failf("%s returned SpokeFirst %t; Service is %s, and it is the other way round", g.says, g.SpokeFirst, s.service)
	case g.TLS != s.tls:
		t.Failf("%s returned TLS %t; Service is %s, and it is the other way round", g.says, g.TLS, s.service)
	}
	requireText(t, g)
}

// requireText holds Text against Raw: bytes that are no UTF-8 became U+FFFD, one
// each or one a run, and blanks at either end may be trimmed.
func requireText(t *check.T, g grabbed) {
	if !g.Valid {
		t.Failf("%s returned a Text that is not valid UTF-8", g.says)
	}
	text := strings.TrimSpace(string(g.Text))
	var each strings.Builder
	for _, r := range string(g.Raw) { // a byte that is none yields utf8.RuneError
		each.WriteRune(r)
	}
	if text != strings.TrimSpace(each.String()) && text != strings.TrimSpace(strings.ToValidUTF8(string(g.Raw), string(utf8.RuneError))) {
		t.Explain(fmt.Sprintf("%s returned Text %q", g.says, shorten(text)), fmt.Sprintf("%q", shorten(each.String())), "")
		t.Failf("Text is not Raw as text")
	}
}

// greeters draws servers that greet, as real ones do: OpenSSH, Postfix, vsftpd
// and ProFTPD, Dovecot, MySQL.
func greeters(d *plan.Draft) []served {
	n := d.Rand().IntN
	mysql := func() string {
		body := fmt.Sprintf("\x0a8.0.%d\x00", n(40)) + string([]byte{byte(n(256)), 1, 0, 0, 0xff, 0xf7, 0x80, 0xc3}) + "abcdefgh\x00" //nolint:gosec // below 256
		return string([]byte{byte(len(body)), 0, 0, 0}) + body                                                                        //nolint:gosec // some forty bytes
	}
	var all []served
	for _, g := range []struct{ service, says string }{
		{"ssh", fmt.Sprintf("SSH-2.0-OpenSSH_%d.%dp1\r\n", n(10), n(10))},
		{"smtp", fmt.Sprintf("220 mx%d.lab.test ESMTP Postfix\r\n", n(100))},
		{"ftp", fmt.Sprintf("220 (vsFTPd 3.0.%d)\r\n", n(10))},
		{"ftp", fmt.Sprintf("220-Welcome to host%d\r\n220-Be kind.\r\n220 FTP server ready\r\n", n(100))},
		{"pop3", fmt.Sprintf("+OK Dovecot %d ready.\r\n", n(100))},
		{"imap", fmt.Sprintf("* OK [CAPABILITY IMAP4rev1] host%d ready.\r\n", n(100))},
		{"mysql", mysql()},
	} {
		all = append(all, served{port: d.Port(plan.Scripted, plan.WithScript(plan.Says(g.says))), raw: g.says, service: g.service, first: true})
	}
	return all
}

// bannerGreetersAreKnown: RFC 4253, 4.2; RFC 5321, 3.1; RFC 959, 5.4; RFC 1939, 4;
// RFC 9051, 7.1.1.
func bannerGreetersAreKnown(t *check.T) {
	all := greeters(t.Draft())
	requireServices(t, bannerBench(t), all...)
}

// bannerSaysNothingToGreeters: one connection, and not a byte on it.
func bannerSaysNothingToGreeters(t *check.T) {
	all := greeters(t.Draft())
	b := bannerBench(t)
	requireServices(t, b, all...)
	var ports []plan.Port
	for _, s := range all {
		ports = append(ports, s.port)
	}
	requireNothingSaid(t, b, ports)
	requireOneConnection(t, b.Trace(), ports...)
}

// bannerHTTPIsAsked: RFC 9110; a server that wants a Host line says 400, and stays
// a web server.
func bannerHTTPIsAsked(t *check.T) {
	d := t.Draft()
	complaint := fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nServer: lab/%d\r\nConnection: close\r\n\r\n", d.Rand().IntN(100))
	picky := d.Port(plan.Scripted, plan.WithScript(plan.Script{Answer: []byte(complaint), HangUp: true}))
	plain := d.Port(plan.HTTP)
	got := requireServices(t, bannerBench(t), served{port: plain, service: "http"}, served{port: picky, raw: complaint, service: "http"})
	if !bytes.HasPrefix(got[0].Raw, []byte("HTTP/1.")) {
		t.Failf("%s returned Raw %q, which is no answer of a web server", got[0].says, shorten(string(got[0].Raw)))
	}
}

// bannerRedisIsKnown: the Redis serialization protocol has errors begin with -.
func bannerRedisIsKnown(t *check.T) {
	redis := t.Draft().Port(plan.Redis)
	requireServices(t, bannerBench(t), served{port: redis, service: "redis"})
}

// bannerEchoIsKnown: RFC 862.
func bannerEchoIsKnown(t *check.T) {
	echo := t.Draft().Port(plan.Echo)
	requireServices(t, bannerBench(t), served{port: echo, service: "echo"})
}

// bannerTLSIsAskedAnew: RFC 8446. Both kinds of TLS server, one that closes on
// plaintext and one that complains by HTTP.
func bannerTLSIsAskedAnew(t *check.T) {
	closes, complains := t.Draft().Port(plan.TLS), t.Draft().Port(plan.HTTPS)
	b := bannerBench(t)
	got := requireServices(t, b, served{port: closes, service: "tls", tls: true}, served{port: complains, service: "https", tls: true})
	if len(got[0].Raw) > 0 {
		t.Failf("%s returned Raw %q; the server sent nothing in plaintext", got[0].says, shorten(string(got[0].Raw)))
	}
	if !bytes.HasPrefix(got[1].Raw, []byte("HTTP/1.1 400")) {
		t.Failf("%s returned Raw %q; in plaintext the server complained by HTTP", got[1].says, shorten(string(got[1].Raw)))
	}
	tr := b.Trace()
	for _, p := range []plan.Port{closes, complains} {
		if n := len(tr.Port(p).Conversations); n < 2 {
			tr.Port(p).Show()
			t.Failf("port %d got one connection: the handshake of TLS needs one that has had no plaintext", p.Number)
		}
	}
}

// bannerSilenceIsUnknown: silence takes no longer than Timeout.
func bannerSilenceIsUnknown(t *check.T) {
	silent, closes := t.Draft().Port(plan.Silent), t.Draft().Port(plan.AcceptClose)
	b := bannerBench(t)
	o := grabOptions{unanswered, 2 * time.Second}
	for _, p := range []plan.Port{silent, closes} {
		g := grab(t, b, b.Target(p), o)
		f := b.Trace().Port(p)
		served{port: p, service: "unknown"}.require(t, f, g)
		if len(g.Raw) > 0 {
			t.Failf("%s returned Raw %q; the server sent nothing", g.says, shorten(string(g.Raw)))
		}
		requireBounded(t, g, o)
	}
}

// bannerPiecesAreJoined: pieces come less than half a Wait apart (RFC 9293: TCP
// keeps no boundaries).
func bannerPiecesAreJoined(t *check.T) {
	d := t.Draft()
	in := func(pieces ...string) plan.Port {
		s := plan.Says(pieces...)
		s.Pause = quiet / 4
		return d.Port(plan.Scripted, plan.WithScript(s))
	}
	version := fmt.Sprintf("OpenSSH_%d", d.Rand().IntN(100))
	lines := []string{"220-mx.lab.test ", fmt.Sprintf("says %d\r\n", d.Rand().IntN(1000)), "220-one more\r\n22", "0 ESMTP\r\n"}
	ssh, smtp := in("S", "SH-2.0-", version, "\r", "\n"), in(lines...)
	requireServices(t, bannerBench(t),
		served{port: ssh, raw: "SSH-2.0-" + version + "\r\n", service: "ssh", first: true},
		served{port: smtp, raw: strings.Join(lines, ""), service: "smtp", first: true})
}

// bannerEnoughIsEnough: a server that never stops is read for 1024 bytes.
func bannerEnoughIsEnough(t *check.T) {
	d := t.Draft()
	head := fmt.Sprintf("SSH-2.0-endless_%d", d.Rand().IntN(1000))
	script := plan.Says(head, strings.Repeat("x", 100))
	script.Endless = true
	p := d.Port(plan.Scripted, plan.WithScript(script))
	b := bannerBench(t)
	g := grab(t, b, b.Target(p), grabOptions{quiet, ample})
	want := (head + strings.Repeat("x", mostBanner))[:mostBanner]
	served{port: p, raw: want, service: "ssh", first: true}.require(t, b.Trace().Port(p), g)
	if !within(g.reply.Took, ample/2, g.reply) {
		t.Failf("%s took %v: 1024 bytes are enough, and they came at once", g.says, g.reply.Took.Round(time.Millisecond))
	}
}

// bannerTextIsText: RFC 3629.
func bannerTextIsText(t *check.T) {
	d := t.Draft()
	var all []served
	for _, bad := range []string{"\xff", "a\xc3(b", "\xe2\x82", "é\xf0\x9f", "\xed\xa0\x80"} {
		raw := fmt.Sprintf("SSH-2.0-%d %s!\r\n", d.Rand().IntN(100), bad)
		all = append(all, served{port: d.Port(plan.Scripted, plan.WithScript(plan.Says(raw))), raw: raw, service: "ssh", first: true})
	}
	requireServices(t, bannerBench(t), all...)
}

// bannerTimeoutBoundsTheWhole: a server drips for ever, each drip within Wait; a
// greeting is cut short by Timeout, and what came is kept.
func bannerTimeoutBoundsTheWhole(t *check.T) {
	d := t.Draft()
	drip := plan.Says("SSH-2.0-slow", ".")
	drip.Endless, drip.Pause = true, quiet/4
	p, silent := d.Port(plan.Scripted, plan.WithScript(drip)), d.Port(plan.Drop)
	b := bannerBench(t)
	o := grabOptions{quiet, 3 * quiet}
	g := grab(t, b, b.Target(p), o)
	served{port: p, service: "ssh", first: true}.require(t, b.Trace().Port(p), g)
	if !strings.HasPrefix(string(g.Raw), "SSH-2.0-slow") {
		t.Failf("%s returned Raw %q: what was said when the time was over is kept", g.says, shorten(string(g.Raw)))
	}
	requireBounded(t, g, o)
	g = grab(t, b, b.Target(silent), o)
	requireAsked(t, b.Trace(), silent)
	if g.reply.Err == nil {
		t.Failf("%s returned no error, though nobody could be reached", g.says)
	}
	requireBounded(t, g, o)
}

// requireBounded fails the check if the call took longer than its Timeout.
func requireBounded(t *check.T, g grabbed, o grabOptions) {
	if !within(g.reply.Took, o.Timeout+promptly, g.reply) {
		t.Failf("%s took %v", g.says, g.reply.Took.Round(time.Millisecond))
	}
}

// bannerNobodyThereIsAnError: a refusal, the end of ctx, arguments without sense.
func bannerNobodyThereIsAnError(t *check.T) {
	d := t.Draft()
	open, closed, silent := d.Port(plan.Greeting), d.Port(plan.Closed), d.Port(plan.Silent)
	b := bannerBench(t)
	for _, c := range []struct {
		to netip.AddrPort
		o  grabOptions
	}{
		{b.Target(open), grabOptions{0, ample}},
		{b.Target(open), grabOptions{-quiet, ample}},
		{b.Target(open), grabOptions{quiet, quiet}},
		{b.Target(open), grabOptions{quiet, 0}},
		{netip.AddrPortFrom(b.Host(), 0), grabOptions{quiet, ample}},
		{netip.AddrPort{}, grabOptions{quiet, ample}},
	} {
		if g := grab(t, b, c.to, c.o); g.reply.Err == nil {
			t.Failf("%s makes no sense, and returned no error", g.says)
		}
	}
	if n := len(b.Trace().Target.Conversations()); n > 0 {
		t.Failf("a question that makes no sense was asked all the same")
	}
	g := grab(t, b, b.Target(closed), grabOptions{quiet, ample})
	requireAsked(t, b.Trace(), closed)
	if g.reply.Err == nil {
		t.Failf("%s returned no error, though the port refused", g.says)
	}
	ctx, cancel := context.WithTimeout(t.Context(), quiet)
	t.Cleanup(cancel)
	g = grabIn(ctx, t, b, b.Target(silent), grabOptions{4 * quiet, ample})
	ended := hasEnded(ctx)
	requireAsked(t, b.Trace(), silent)
	requireContextError(t, "Grab", g.reply, context.DeadlineExceeded, ended)
	requirePrompt(t, "Grab", g.reply)
}

// bannerLeavesNothingOpen: descriptors are counted after a first round.
func bannerLeavesNothingOpen(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Greeting), d.Port(plan.TLS), d.Port(plan.HTTPS), d.Port(plan.Echo), d.Port(plan.Silent)}
	b := bannerBench(t)
	round := func() {
		for _, p := range ports {
			if g := grab(t, b, b.Target(p), grabOptions{quiet / 4, 2 * time.Second}); g.reply.Err != nil {
				b.Trace().Port(p)
				t.Failf("%s returned the error %q, though a server answers there", g.says, g.reply.Err.Text)
			}
		}
	}
	round()
	tr := b.Trace()
	requireAsked(t, tr, ports...)
	descriptors, goroutines := len(b.Descriptors()), b.Goroutines()
	round()
	requireTidy(t, b, descriptors, goroutines)
	requireLetGo(t, b)
}

// bannerStaysInScope: no port but those asked about, over either family.
func bannerStaysInScope(t *check.T) {
	d := t.Draft()
	ports := []plan.Port{d.Port(plan.Greeting), d.Port(plan.TLS)}
	b := bannerBench(t)
	for _, p := range ports {
		for _, to := range []netip.AddrPort{b.Target(p), b.Target6(p)} {
			if g := grab(t, b, to, grabOptions{quiet, ample}); g.reply.Err != nil {
				b.Trace().Port(p)
				t.Failf("%s returned the error %q, though a server answers there", g.says, g.reply.Err.Text)
			}
		}
	}
	tr := b.Trace()
	requireAsked(t, tr, ports...)
	requireNoStrays(t, tr, ports...)
}
