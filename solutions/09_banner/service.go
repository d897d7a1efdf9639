package banner

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/netip"
	"strings"
)

// unknown is a service that cannot be told.
const unknown = "unknown"

// greets says who greets in such a way.
func greets(said []byte) string {
	text := string(said)
	switch {
	case strings.HasPrefix(text, "SSH-"): // RFC 4253, section 4.2
		return "ssh"
	case strings.HasPrefix(text, "220"): // RFC 5321 and RFC 959: the same code for both
		return by220(text)
	case strings.HasPrefix(text, "+OK"): // RFC 1939
		return "pop3"
	case strings.HasPrefix(text, "* OK"): // RFC 9051, section 7.1.1
		return "imap"
	case isMySQL(said):
		return "mysql"
	}
	return unknown
}

// by220 tells mail from files: both greet with 220, and name themselves.
func by220(text string) string {
	upper := strings.ToUpper(text)
	switch {
	case strings.Contains(upper, "SMTP"): // ESMTP, mostly
		return "smtp"
	case strings.Contains(upper, "FTP"):
		return "ftp"
	}
	return unknown
}

// isMySQL looks at the first packet of MySQL's protocol: its length in three
// bytes, number 0, version 10, then the server's version as text.
func isMySQL(said []byte) bool {
	const number, version, protocol = 3, 4, 10
	return len(said) > version+1 && said[number] == 0 && said[version] == protocol && bytes.IndexByte(said[version+1:], 0) > 0
}

// answers says who answers our request in such a way.
func answers(said []byte) string {
	text := string(said)
	switch {
	case strings.HasPrefix(text, "HTTP/"):
		return "http"
	case strings.HasPrefix(text, "-ERR"), strings.HasPrefix(text, "+PONG"):
		return "redis"
	case text != "" && strings.HasPrefix(request, text), strings.HasPrefix(text, request):
		return "echo"
	}
	return unknown
}

// speaksTLS tries a handshake (RFC 8446). Whose certificate it is does not matter
// to the question.
func speaksTLS(ctx context.Context, addr netip.AddrPort) bool {
	conn, err := connect(ctx, addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil //nolint:gosec // nothing is entrusted to it
}
