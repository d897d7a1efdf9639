package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asSeatshell has the test program be the shell itself.
const asSeatshell = "WIRELAB_TEST_SEATSHELL"

func TestMain(m *testing.M) {
	if os.Getenv(asSeatshell) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the shell, ready to be started.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), asSeatshell+"=1")
	return cmd
}

// say runs the shell on a script and returns what it printed, and its status.
func say(t *testing.T, script string, args ...string) (printed string, status int) {
	t.Helper()
	cmd := program(t, args...)
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	require.NotNil(t, cmd.ProcessState, "%v", err)
	return string(out), cmd.ProcessState.ExitCode()
}

// listen has f talk to whoever connects, and returns the port.
func listen(t *testing.T, f func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			f(conn)
			_ = conn.Close()
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func TestCommandLines(t *testing.T) {
	out, status := say(t, "", "-c", "for i in 1 2; do echo $((i*2)); done; exit 7")
	assert.Equal(t, "2\n4\n", out)
	assert.Equal(t, 7, status)
	_, status = say(t, "", "-wait", "-c", "exit 0")
	assert.Equal(t, 2, status)
}

func TestScripts(t *testing.T) {
	out, status := say(t, "echo one\nif )\necho $(\necho two)\nnosuch\nfalse\n")
	assert.Contains(t, out, "one\nsyntax: ")
	assert.Contains(t, out, "two\n", "a mistake costs its line, no more")
	assert.Contains(t, out, "nosuch")
	assert.Equal(t, 1, status, "that of the last command")
}

func TestHelp(t *testing.T) {
	out, _ := say(t, "help")
	for _, name := range []string{"connect HOST PORT...", "talk HOST PORT", "resolve NAME", "bin/seat"} {
		assert.Contains(t, out, name)
	}
	out, _ = say(t, "help cd")
	assert.Contains(t, out, "cd")
	assert.NotContains(t, out, "connect")
}

func TestConnect(t *testing.T) {
	open := listen(t, func(*net.TCPConn) {})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	closed := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	require.NoError(t, l.Close())
	out, status := say(t, "connect 127.0.0.1 "+open+" "+closed)
	assert.Regexp(t, `^127\.0\.0\.1:`+open+` +OPEN +connected +\d+\.\d ms\n127\.0\.0\.1:`+closed+` +CLOSED +ECONNREFUSED +\d+\.\d ms\n$`, out)
	assert.Zero(t, status)
	for _, wrong := range []string{"connect", "connect 127.0.0.1", "talk 127.0.0.1", "resolve", "tools x"} {
		out, status = say(t, wrong)
		assert.Contains(t, out, "usage: ", wrong)
		assert.Equal(t, 2, status, wrong)
	}
	for _, wrong := range []string{"connect 127.0.0.1 0", "connect 127.0.0.1 65536", "connect ::1 80"} {
		_, status = say(t, wrong)
		assert.Equal(t, 1, status, wrong)
	}
}

func TestTalkPassesTheEndOn(t *testing.T) {
	echo := listen(t, func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	out, status := say(t, "", "-c", "printf 'a\\nb\\n' | talk 127.0.0.1 "+echo)
	assert.Equal(t, "a\nb\n", out)
	assert.Zero(t, status)
}

// What is typed after the other end has closed is for the shell.
func TestTalkLeavesTheRest(t *testing.T) {
	bye := listen(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, "bye\n") })
	cmd := program(t)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	read := bufio.NewReader(out)
	expect := func(want string) {
		line, err := read.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, want, line)
	}
	_, err = io.WriteString(in, "talk 127.0.0.1 "+bye+"; echo over\n")
	require.NoError(t, err)
	expect("bye\n")
	expect("over\n")
	_, err = io.WriteString(in, "echo mine\n")
	require.NoError(t, err)
	expect("mine\n")
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
}

func TestInterruptEndsTheCommandAlone(t *testing.T) {
	connected := make(chan struct{})
	silent := listen(t, func(c *net.TCPConn) {
		close(connected)
		_, _ = io.Copy(io.Discard, c)
	})
	cmd := program(t)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	var out strings.Builder
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	_, err = io.WriteString(in, "talk 127.0.0.1 "+silent+"\n")
	require.NoError(t, err)
	<-connected
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	line, err := bufio.NewReader(said).ReadString('\n') // the shell moves on
	require.NoError(t, err)
	assert.Equal(t, "\n", line)
	_, err = io.WriteString(in, "echo still here\n")
	require.NoError(t, err)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	assert.Equal(t, "still here\n", out.String())
}

func TestWaitsUntilToldToEnd(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd := program(t, "-wait")
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "ready\n", line)
		require.NoError(t, cmd.Process.Signal(s))
		require.NoError(t, cmd.Wait())
	}
}
