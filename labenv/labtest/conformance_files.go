package labtest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv"
	"wirelab/labenv/labtest/seatprog/orders"
)

// How a file is opened, by Linux's numbers (open(2)); the suite may run elsewhere.
const (
	readOnly  = 0
	writeOnly = 1
	readWrite = 2
	create    = 0x40
)

// A program reads the files that it was given, by any name that leads to one,
// and as often as it likes; it can write to none, and finds no others (open(2),
// stat(2)). What it was refused for that is in its Exit.
func (s suite) files(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	_, prog := s.alone(t, func(p *labenv.Program) {
		p.Files = map[string][]byte{"/etc/list": []byte("one\ntwo\n"), "/long": long, "/empty": {}, "/absent": nil}
		p.Limits.Descriptors = 32
	})
	for path, content := range map[string][]byte{
		"/etc/list": []byte("one\ntwo\n"), "etc/list": []byte("one\ntwo\n"), "/etc/../etc//list": []byte("one\ntwo\n"), "/long": long, "/empty": {},
	} {
		for range 2 {
			r := prog.do(t, orders.Request{Do: orders.File, Text: []byte(path), Number: readOnly})
			assert.Empty(t, r.Err, path)
			assert.True(t, bytes.Equal(content, r.Data), "%s: %d bytes", path, len(r.Data))
		}
		r := prog.do(t, orders.Request{Do: orders.Look, Text: []byte(path)})
		assert.Empty(t, r.Err, path)
		assert.Equal(t, []int{len(content), 0o444}, r.Size, path)
	}
	for _, flags := range []int{writeOnly, readWrite, writeOnly | create} {
		assert.Equal(t, "EROFS", prog.do(t, orders.Request{Do: orders.File, Text: []byte("/long"), Number: flags}).Err)
	}
	for _, path := range []string{"/etc/passwd", "/etc/lis", "/etc/listen", "/absent", ""} {
		assert.Equal(t, "ENOENT", prog.do(t, orders.Request{Do: orders.File, Text: []byte(path), Number: readOnly}).Err, path)
		assert.Equal(t, "ENOENT", prog.do(t, orders.Request{Do: orders.Look, Text: []byte(path)}).Err, path)
	}
	prog.order(t, orders.Request{Do: orders.Exit})
	assert.Equal(t, []string{`write "/long"`, `open "/etc/passwd"`, `open "/etc/lis"`, `open "/etc/listen"`, `open ""`}, prog.wait(t).Refused)
}

// Each program has the files that it was given, and a descriptor of one counts
// as any other.
func (s suite) filesApart(t *testing.T) {
	b, first := s.alone(t, func(p *labenv.Program) {
		p.Files = map[string][]byte{"/a": []byte("first")}
		p.Limits.Descriptors = 20
	})
	second := b.run(t, func(p *labenv.Program) { p.Files = map[string][]byte{"/a": []byte("second"), "/b": []byte("b")} })
	read := func(p *program, path string) orders.Reply {
		return p.do(t, orders.Request{Do: orders.File, Text: []byte(path), Number: readOnly})
	}
	assert.Equal(t, "first", string(read(first, "/a").Data))
	assert.Equal(t, "second", string(read(second, "/a").Data))
	assert.Equal(t, "ENOENT", read(first, "/b").Err)
	assert.Equal(t, "EMFILE", first.do(t, orders.Request{Do: orders.Open, Number: 100}).Err)
	assert.Equal(t, "EMFILE", read(first, "/a").Err)
}

// A program's stderr is a terminal where that is asked for, and its stdout is
// none; what it prints arrives as a terminal shows it (pty(7), termios(3)).
func (s suite) terminal(t *testing.T) {
	_, plain := s.alone(t, nil)
	for fd := range 3 {
		assert.Equal(t, "ENOTTY", plain.do(t, orders.Request{Do: orders.Terminal, Number: fd}).Err, "descriptor %d", fd)
	}
	_, prog := s.alone(t, func(p *labenv.Program) { p.Terminal = true })
	assert.Equal(t, "ENOTTY", prog.do(t, orders.Request{Do: orders.Terminal, Number: 1}).Err)
	assert.Equal(t, []int{80, 24}, prog.do(t, orders.Request{Do: orders.Terminal, Number: 2}).Size)
	out, err := []byte("a\nb\n"), []byte("c\rd\n")
	assert.Empty(t, prog.do(t, orders.Request{Do: orders.Print, Data: out, Text: err}).Err)
	prog.order(t, orders.Request{Do: orders.Exit})
	assert.Equal(t, labenv.Exit{}, prog.wait(t))
	assert.Equal(t, out, <-prog.stdout)
	assert.Equal(t, "c\rd\r\n", string(<-prog.stderr))
}
