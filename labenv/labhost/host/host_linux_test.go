package host_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"

	"wirelab/labenv/labhost/capture/nstest"
	"wirelab/labenv/labhost/host"
	"wirelab/labenv/plan"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

// patience bounds what should happen at once.
const patience = 10 * time.Second

// families are the target's addresses by family.
var families = map[string]netip.Addr{"IPv4": plan.TargetAddr, "IPv6": plan.TargetAddr6}

// play starts a target with the given ports in a fresh network.
func play(t testing.TB, ports ...plan.Port) {
	t.Helper()
	playNames(t, nil, ports...)
}

// playNames is play, with names for the DNS server.
func playNames(t testing.TB, names []plan.Name, ports ...plan.Port) {
	t.Helper()
	p := plan.Practice()
	p.Target.Ports, p.Target.Names = ports, names
	target := p.Target
	ns := nstest.NewLAN(t).Host(t, target)
	h, err := host.Start(context.Background(), host.Config{
		Host: target, Interface: nstest.Interface, Namespace: ns, Zone: []plan.Host{target, p.Neighbour, p.Seat},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
}

func tcp(n uint16, b plan.Behaviour, options ...plan.Option) plan.Port {
	p := plan.Port{Number: n, Proto: plan.TCP, Behaviour: b}
	for _, o := range options {
		o(&p)
	}
	return p
}

func udp(n uint16, b plan.Behaviour, options ...plan.Option) plan.Port {
	p := tcp(n, b, options...)
	p.Proto = plan.UDP
	return p
}

func dialTCP(t testing.TB, addr netip.Addr, port uint16) *net.TCPConn {
	t.Helper()
	conn, ok := dial(t, "tcp", addr, port).(*net.TCPConn)
	require.True(t, ok)
	return conn
}

func dial(t testing.TB, network string, addr netip.Addr, port uint16) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout(network, netip.AddrPortFrom(addr, port).String(), patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// knock connects, and returns connect's error number, and whether it timed out.
func knock(addr netip.Addr, port uint16, timeout time.Duration) (syscall.Errno, bool) {
	conn, err := net.DialTimeout("tcp", netip.AddrPortFrom(addr, port).String(), timeout)
	if err == nil {
		_ = conn.Close()
		return 0, false
	}
	var network net.Error
	var errno syscall.Errno
	_ = errors.As(err, &errno)
	return errno, errors.As(err, &network) && network.Timeout()
}

// What connect(2) makes of each answer, as docs promise learners. An ICMP
// error must come at once: the kernel asks again after a second.
func TestWhatConnectSays(t *testing.T) {
	const soon = 900 * time.Millisecond
	ports := []plan.Port{
		tcp(1, plan.Echo), tcp(2, plan.Closed), tcp(3, plan.Reset),
		tcp(4, plan.AcceptClose), tcp(5, plan.AcceptReset), tcp(6, plan.Silent),
	}
	want := map[uint16][2]syscall.Errno{ // IPv4, IPv6
		1: {0, 0}, 4: {0, 0}, 5: {0, 0}, 6: {0, 0},
		2: {syscall.ECONNREFUSED, syscall.ECONNREFUSED},
		3: {syscall.ECONNREFUSED, syscall.ECONNREFUSED},
		9: {syscall.ECONNREFUSED, syscall.ECONNREFUSED}, // in no plan
	}
	for code, errnos := range map[uint8][2]syscall.Errno{
		0:  {syscall.ENETUNREACH, syscall.ENETUNREACH},
		1:  {syscall.EHOSTUNREACH, syscall.EHOSTUNREACH},
		2:  {syscall.ENOPROTOOPT, syscall.EPROTO},
		3:  {syscall.ECONNREFUSED, syscall.ECONNREFUSED},
		9:  {syscall.ENETUNREACH, syscall.EACCES},
		10: {syscall.EHOSTUNREACH, syscall.EACCES},
		13: {syscall.EHOSTUNREACH, syscall.EACCES},
	} {
		number := 100 + uint16(code)
		ports, want[number] = append(ports, tcp(number, plan.ICMP, plan.WithCode(code))), errnos
	}
	play(t, ports...)
	for number, errnos := range want {
		for i, addr := range []netip.Addr{plan.TargetAddr, plan.TargetAddr6} {
			began := time.Now()
			got, _ := knock(addr, number, patience)
			assert.Equal(t, errnos[i], got, "%v port %d", addr, number)
			assert.Less(t, time.Since(began), soon, "%v port %d", addr, number)
		}
	}
}

func TestSilence(t *testing.T) {
	play(t, tcp(1, plan.Drop), tcp(2, plan.Echo, plan.WithLoss(100)), tcp(3, plan.Closed, plan.WithLoss(100)),
		tcp(4, plan.ICMP, plan.WithCode(13), plan.WithLoss(100)), udp(1, plan.Echo), udp(2, plan.Drop))
	for name, addr := range families {
		for _, number := range []uint16{1, 2, 3, 4} {
			_, timedOut := knock(addr, number, 100*time.Millisecond)
			assert.True(t, timedOut, "%s port %d", name, number)
		}
		// The same numbers over the other transport are none of the rule's business.
		assert.Equal(t, "hello", ask(t, addr, 1, "hello"), name)
		errno, _ := knock(addr, 5, patience)
		assert.Equal(t, syscall.ECONNREFUSED, errno, name)
	}
}

func ask(t *testing.T, addr netip.Addr, port uint16, question string) string {
	t.Helper()
	conn := dial(t, "udp", addr, port)
	_, err := conn.Write([]byte(question))
	require.NoError(t, err)
	answer := make([]byte, 1<<16)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	return string(answer[:n])
}

// Loss is chance, and a port that loses some packets answers others.
func TestLossIsPartial(t *testing.T) {
	const tries = 400
	play(t, udp(1, plan.Echo, plan.WithLoss(30)))
	for name, addr := range families {
		conn := dial(t, "udp", addr, 1)
		for range tries {
			_, err := conn.Write([]byte("x"))
			require.NoError(t, err)
		}
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		answers := 0
		for buffer := make([]byte, 16); ; answers++ {
			if _, err := conn.Read(buffer); err != nil {
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				break
			}
		}
		// Ten standard deviations around 280.
		assert.InDelta(t, 0.7*tries, answers, 92, name)
	}
}

// Each of many rejected ports gets its own error: no rate limit bites. Their
// number needs several netlink messages. A connection may be asked twice: the
// seat's kernel overlooks an error that comes while it still sends the SYN.
func TestEveryRejectedPortIsAnswered(t *testing.T) {
	const many = 1200
	var ports []plan.Port
	for i := range uint16(many) {
		ports = append(ports, tcp(2000+i, plan.ICMP, plan.WithCode(13)))
	}
	play(t, ports...)
	for name, want := range map[string]syscall.Errno{"IPv4": syscall.EHOSTUNREACH, "IPv6": syscall.EACCES} {
		var wrong atomic.Int32
		inParallel(100, many, func(i int) {
			if errno, _ := knock(families[name], 2000+uint16(i), patience); errno != want {
				wrong.Add(1)
			}
		})
		assert.Zero(t, wrong.Load(), "%s: ports without their error", name)
	}
}

// inParallel calls f for 0 to n-1 in the given number of goroutines.
func inParallel(workers, n int, f func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}

// Closed UDP ports answer by the kernel's own ICMP, which it likes to ration.
func TestEveryClosedDatagramIsAnswered(t *testing.T) {
	play(t)
	for name, addr := range families {
		var unanswered atomic.Int32
		inParallel(50, 1000, func(i int) {
			conn, err := net.Dial("udp", netip.AddrPortFrom(addr, 3000+uint16(i)).String())
			if !assert.NoError(t, err) {
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_, _ = conn.Write([]byte("?"))
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
				unanswered.Add(1)
			}
		})
		assert.Zero(t, unanswered.Load(), name)
	}
}

func TestUDPErrors(t *testing.T) {
	play(t, udp(1, plan.Closed), udp(2, plan.ICMP, plan.WithCode(13)), udp(3, plan.ICMP, plan.WithCode(3)))
	for name, addr := range families {
		for port, want := range map[uint16][]syscall.Errno{
			1: {syscall.ECONNREFUSED}, 2: {syscall.EHOSTUNREACH, syscall.EACCES}, 3: {syscall.ECONNREFUSED},
		} {
			conn := dial(t, "udp", addr, port)
			_, err := conn.Write([]byte("?"))
			require.NoError(t, err)
			_, err = conn.Read(make([]byte, 16))
			var errno syscall.Errno
			require.ErrorAs(t, err, &errno)
			assert.Contains(t, want, errno, "%s port %d", name, port)
		}
	}
}

func TestEcho(t *testing.T) {
	play(t, tcp(7, plan.Echo))
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for name, addr := range families {
		conn := dialTCP(t, addr, 7)
		var sending sync.WaitGroup
		sending.Go(func() {
			_, err := conn.Write(text)
			assert.NoError(t, err)
			assert.NoError(t, conn.CloseWrite())
		})
		got, err := io.ReadAll(conn)
		require.NoError(t, err, name)
		sending.Wait()
		assert.True(t, bytes.Equal(text, got), name)
	}
}

func TestGreetingAndSilent(t *testing.T) {
	play(t, tcp(1, plan.Greeting, plan.WithText("220 hello\r\n")), tcp(2, plan.Silent, plan.WithText("yes?\r\n")), tcp(3, plan.Silent))
	for _, addr := range families {
		greeter := bufio.NewReader(dial(t, "tcp", addr, 1))
		line, err := greeter.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "220 hello\r\n", line)

		silent := dial(t, "tcp", addr, 2)
		expectSilence(t, silent)
		for range 2 {
			_, err = io.WriteString(silent, "hello")
			require.NoError(t, err)
			answer := make([]byte, 6)
			_, err = io.ReadFull(silent, answer)
			require.NoError(t, err)
			assert.Equal(t, "yes?\r\n", string(answer))
		}
		mute := dial(t, "tcp", addr, 3)
		_, err = io.WriteString(mute, "hello")
		require.NoError(t, err)
		expectSilence(t, mute)
	}
}

func expectSilence(t *testing.T, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	n, err := conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "%d bytes", n)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
}

// A close is an EOF even for a client that speaks; a reset is a reset, and
// comes late enough to see the connection first.
func TestAcceptCloseAndReset(t *testing.T) {
	play(t, tcp(1, plan.AcceptClose), tcp(2, plan.AcceptReset))
	for name, addr := range families {
		closing := dial(t, "tcp", addr, 1)
		_, err := io.WriteString(closing, "hello")
		require.NoError(t, err, name)
		got, err := io.ReadAll(closing)
		require.NoError(t, err, name)
		assert.Empty(t, got)

		began := time.Now()
		resetting := dial(t, "tcp", addr, 2)
		_, err = resetting.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET, name)
		assert.GreaterOrEqual(t, time.Since(began), 45*time.Millisecond, name)
	}
}

func TestHTTPAndTLS(t *testing.T) {
	play(t, tcp(80, plan.HTTP), tcp(443, plan.TLS))
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}}
	for _, addr := range families {
		for scheme, port := range map[string]uint16{"http": 80, "https": 443} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				url := fmt.Sprintf("%s://%v/", scheme, netip.AddrPortFrom(addr, port))
				request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("body"))
				require.NoError(t, err)
				response, err := client.Do(request)
				require.NoError(t, err)
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				assert.Equal(t, http.StatusOK, response.StatusCode)
				assert.Equal(t, method != "HEAD", len(body) > 0, method)
				assert.True(t, response.Close)
			}
		}
	}
}

// Not one of these waits for more once it cannot become a request.
func TestHTTPRefusesNonsense(t *testing.T) {
	play(t, tcp(80, plan.HTTP))
	for name, sent := range map[string]string{
		"a ClientHello":     "\x16\x03\x01\x02\x00",
		"another protocol":  "PING\r\n",
		"an empty line":     "\r\n",
		"an ancient GET":    "GET /\r\n",
		"an unknown HTTP":   "GET / HTTP/2.0\r\n",
		"an endless header": "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 20_000),
	} {
		assert.True(t, strings.HasPrefix(exchange(t, 80, sent, false), "HTTP/1.1 400 "), name)
	}
	assert.Contains(t, exchange(t, 80, "GET / HTTP/1.0\r\n", true), " 400 ", "half a request")
	assert.Contains(t, exchange(t, 80, "HEAD / HTTP/1.0\n\n", false), " 200 ", "bare newlines")
}

// exchange sends, half-closes if asked to, and returns all up to EOF, which
// must be one and no reset.
func exchange(t *testing.T, port uint16, sent string, halfClose bool) string {
	t.Helper()
	conn := dialTCP(t, plan.TargetAddr, port)
	_, err := io.WriteString(conn, sent)
	require.NoError(t, err)
	if halfClose {
		require.NoError(t, conn.CloseWrite())
	}
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(got)
}

// OpenSSL and crypto/tls close without a byte on plaintext; so does the lab.
func TestTLSIsMuteInPlaintext(t *testing.T) {
	play(t, tcp(443, plan.TLS))
	for _, sent := range []string{"HEAD / HTTP/1.0\r\n\r\n", "x", "\r\n"} {
		assert.Empty(t, exchange(t, 443, sent, false), "%q", sent)
	}
	conn := tls.Client(dial(t, "tcp", plan.TargetAddr, 443), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, conn.HandshakeContext(t.Context()))
	leaf := conn.ConnectionState().PeerCertificates[0]
	assert.NoError(t, leaf.VerifyHostname("target.lab.test"))
	assert.NoError(t, leaf.VerifyHostname(plan.TargetAddr.String()))
}

func TestRedis(t *testing.T) {
	play(t, tcp(6379, plan.Redis))
	for sent, want := range map[string]string{
		"PING\r\n":                               "+PONG\r\n",
		"ping\r\n\r\nPING\n":                     "+PONG\r\n+PONG\r\n",
		"*1\r\n$4\r\nPING\r\n":                   "+PONG\r\n",
		"*2\r\n$3\r\nGET\r\n$1\r\nx":             "",
		"*-1\r\n":                                "",
		"*99999999\r\n":                          "-ERR Protocol error: invalid multibulk length\r\n",
		"*1\r\n$99999999\r\n":                    "-ERR Protocol error: invalid bulk length\r\n",
		"HEAD / HTTP/1.1\r\n":                    "-ERR unknown command 'HEAD'\r\n",
		"HEAD / HTTP/1.0\r\nHost: x\r\nPING\r\n": "-ERR unknown command 'HEAD'\r\n",
	} {
		assert.Equal(t, want, exchange(t, 6379, sent, true), "%q", sent)
	}
	assert.Equal(t, "", exchange(t, 6379, "Host: x\r\n", false), "a Host: line ends it without the client's help")
}

// A client that stalls, and as many as there may be, leave others alone.
func TestStalledClientsHarmNobody(t *testing.T) {
	play(t, tcp(7, plan.Echo), tcp(80, plan.HTTP))
	for range 200 {
		dial(t, "tcp", plan.TargetAddr, 80)
		_, err := io.WriteString(dial(t, "tcp", plan.TargetAddr, 7), "hello")
		require.NoError(t, err)
	}
	assert.Contains(t, exchange(t, 80, "GET / HTTP/1.1\r\n\r\n", false), " 200 ")
	assert.Equal(t, "again", exchange(t, 7, "again", true))
}

// A burst of a thousand connections to one port loses no SYN: each is
// accepted before its SYN would have to be repeated.
func TestBurstOnOnePort(t *testing.T) {
	play(t, tcp(1, plan.Silent))
	var late atomic.Int32
	inParallel(1000, 1000, func(int) {
		if errno, timedOut := knock(plan.TargetAddr, 1, 900*time.Millisecond); errno != 0 || timedOut {
			late.Add(1)
		}
	})
	assert.Zero(t, late.Load())
}

func TestCloseEndsEverything(t *testing.T) {
	ns := nstest.NewLAN(t).Host(t, plan.Practice().Target)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	practice := plan.Practice().Target
	h, err := host.Start(context.Background(), host.Config{Host: practice, Interface: nstest.Interface, Namespace: ns})
	require.NoError(t, err)
	conn, err := net.Dial("tcp", netip.AddrPortFrom(plan.TargetAddr, 9001).String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "x")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1)) // it is served
	require.NoError(t, err)

	require.NoError(t, h.Close())
	require.NoError(t, h.Close())
	_, err = conn.Read(make([]byte, 1))
	assert.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	errno, _ := knock(plan.TargetAddr, 9001, patience)
	assert.Equal(t, syscall.ECONNREFUSED, errno)
}

func TestStartFails(t *testing.T) {
	ns := nstest.NewLAN(t).Host(t, plan.Practice().Target)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cfg := host.Config{Host: plan.Practice().Target, Interface: nstest.Interface, Namespace: ns}

	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := host.Start(cancelled, cfg)
	assert.ErrorIs(t, err, context.Canceled)

	elsewhere := cfg
	elsewhere.Interface = "nowhere0"
	_, err = host.Start(context.Background(), elsewhere)
	assert.ErrorIs(t, err, syscall.ENODEV)

	twice := cfg
	twice.Host.Ports = []plan.Port{tcp(7, plan.Echo), tcp(7, plan.Echo)}
	_, err = host.Start(context.Background(), twice)
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

// A namespace with a way out is somebody's network: nothing is done there.
func TestStartRefusesARealNetwork(t *testing.T) {
	for name, via := range map[string]netip.Addr{"IPv4": plan.SeatAddr, "IPv6": plan.SeatAddr6} {
		t.Run(name, func(t *testing.T) {
			ns := nstest.NewLAN(t).Host(t, plan.Practice().Target)
			nl, err := netlink.NewHandleAt(ns)
			require.NoError(t, err)
			defer nl.Close()
			require.NoError(t, nl.RouteAdd(&netlink.Route{Gw: via.AsSlice()}))
			_, err = host.Start(context.Background(), host.Config{
				Host: plan.Practice().Target, Interface: nstest.Interface, Namespace: ns,
			})
			assert.ErrorIs(t, err, host.ErrNotIsolated)
			assert.Empty(t, tables(t, ns))
		})
	}
}

// The test's own namespace never gets the host's rules.
func TestRulesStayInTheirNamespace(t *testing.T) {
	target := plan.Practice().Target
	ns := nstest.NewLAN(t).Host(t, target)
	h, err := host.Start(context.Background(), host.Config{Host: target, Interface: nstest.Interface, Namespace: ns})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	assert.Equal(t, []string{"wirelab"}, tables(t, ns))
	assert.Empty(t, tables(t, netns.None()))
}

// A container is its host's own namespace: there is no other to enter.
func TestStartInTheProcessesOwnNamespace(t *testing.T) {
	nstest.NewLAN(t)
	seat := plan.Practice().Seat
	seat.Ports = []plan.Port{tcp(7, plan.Echo)}
	h, err := host.Start(context.Background(), host.Config{Host: seat, Interface: "lab0", Namespace: netns.None()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	errno, _ := knock(plan.SeatAddr, 7, patience)
	assert.Zero(t, errno)
}

// What needs no rule gets none.
func TestNoRulesWithoutNeed(t *testing.T) {
	target := plan.Practice().Target
	target.Ports = []plan.Port{tcp(7, plan.Echo), tcp(8, plan.Closed), udp(8, plan.Reset)}
	ns := nstest.NewLAN(t).Host(t, target)
	h, err := host.Start(context.Background(), host.Config{Host: target, Interface: nstest.Interface, Namespace: ns})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	assert.Empty(t, tables(t, ns))
}

// BenchmarkStart plays the practice target.
func BenchmarkStart(b *testing.B) {
	target := plan.Practice().Target
	lan := nstest.NewLAN(b)
	for b.Loop() {
		b.StopTimer()
		ns := lan.Host(b, target)
		b.StartTimer()
		h, err := host.Start(context.Background(), host.Config{Host: target, Interface: nstest.Interface, Namespace: ns})
		b.StopTimer()
		require.NoError(b, err)
		require.NoError(b, h.Close())
		b.StartTimer()
	}
}
