package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of what a Redis client may send, so that it cannot make the host
// hold much: a line and an argument in bytes, and how many arguments.
const (
	maxRedisLine = 1 << 10
	maxRedisArgs = 64
)

// redis answers commands until the client leaves or sends a Host: line, which
// the real one takes for a web page that attacks it, and hangs up.
func redis(c client) {
	defer c.finish()
	r := bufio.NewReaderSize(c, maxRedisLine)
	for {
		command, err := readCommand(r)
		if errors.Is(err, errRedisProtocol) {
			_, _ = fmt.Fprintf(c, "-ERR %v\r\n", err)
			return
		}
		if err != nil {
			return
		}
		answer := "+PONG\r\n"
		switch {
		case command == "":
			continue
		case strings.EqualFold(command, "host:"):
			return
		case !strings.EqualFold(command, "ping"):
			answer = fmt.Sprintf("-ERR unknown command '%.128s'\r\n", command)
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// errRedisProtocol is matched by the errors of what is no command at all.
var errRedisProtocol = errors.New("Protocol error") //nolint:staticcheck // the words of the protocol

// readCommand returns the first word of a command, "" for an empty one. A
// command is a line of words, or an array of bulk strings (the Redis
// serialization protocol, RESP2).
func readCommand(r *bufio.Reader) (string, error) {
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	count, isArray := strings.CutPrefix(line, "*")
	if !isArray {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		return word, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n > maxRedisArgs {
		return "", fmt.Errorf("%w: invalid multibulk length", errRedisProtocol)
	}
	command := ""
	for i := range n {
		arg, err := readBulk(r)
		if err != nil {
			return "", err
		}
		if i == 0 {
			command = arg
		}
	}
	return command, nil
}

// readBulk reads "$4\r\nPING\r\n".
func readBulk(r *bufio.Reader) (string, error) {
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	size, ok := strings.CutPrefix(line, "$")
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 || n > maxRedisLine {
		return "", fmt.Errorf("%w: invalid bulk length", errRedisProtocol)
	}
	arg := make([]byte, n+len("\r\n"))
	if _, err := io.ReadFull(r, arg); err != nil {
		return "", err
	}
	return string(arg[:n]), nil
}
