package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxHead is how long the head of a request may be, in bytes.
const maxHead = 8 << 10

const page = `<!DOCTYPE html>
<title>wirelab</title>
<h1>You found a web server</h1>
<p>It lives in a private network, and so do you.</p>
`

// plainHTTP answers one request over HTTP.
func plainHTTP(c client) {
	if serveHTTP(c) == nil {
		c.finish()
	}
}

// serveHTTP reads the head of one request and answers it, with a complaint
// where it is none (RFC 9112). The caller closes.
func serveHTTP(rw io.ReadWriter) error {
	method, err := readHead(bufio.NewReaderSize(io.LimitReader(rw, maxHead), maxHead))
	switch {
	case errors.Is(err, errBadRequest):
		return respond(rw, "400 Bad Request", "400 Bad Request\n", true)
	case err != nil:
		return err
	}
	return respond(rw, "200 OK", page, method != "HEAD")
}

var errBadRequest = errors.New("not an HTTP request")

// readHead reads up to the empty line that ends the head, and returns the
// method. What cannot become a request is refused as soon as that shows, for
// whoever sent it may be waiting for an answer: at its first byte, at its first
// line, at the end of what the client sent.
func readHead(r *bufio.Reader) (method string, err error) {
	first, err := r.Peek(1)
	if err != nil {
		return "", err
	}
	if first[0] < 'A' || first[0] > 'Z' {
		return "", errBadRequest
	}
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	method, rest, _ := strings.Cut(line, " ")
	if _, version, ok := strings.Cut(rest, " "); !ok || !strings.HasPrefix(version, "HTTP/1.") {
		return "", errBadRequest
	}
	for line != "" {
		if line, err = readLine(r); err != nil {
			return "", err
		}
	}
	return method, nil
}

// readLine returns a line without its end. Where the client has sent all, or
// too much, before it was whole, that is a bad request.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		return "", errBadRequest
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func respond(w io.Writer, status, body string, withBody bool) error {
	head := fmt.Sprintf("HTTP/1.1 %s\r\nServer: wirelab\r\nContent-Type: text/html; charset=utf-8\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n", status, len(body))
	if !withBody {
		body = ""
	}
	_, err := io.WriteString(w, head+body)
	return err
}
