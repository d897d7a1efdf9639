package host

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// FuzzAnswer: whatever comes, an answer is a whole message with the query's
// number, or there is none.
func FuzzAnswer(f *testing.F) {
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("target.lab.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}
	packed, err := query.Pack()
	require.NoError(f, err)
	f.Add(packed)
	f.Add([]byte{})
	z := newZone(nil)
	f.Fuzz(func(t *testing.T, message []byte) {
		answer := z.answer(message)
		if answer == nil {
			return
		}
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(answer))
		assert.True(t, m.Response)
		assert.Equal(t, message[:2], answer[:2])
	})
}

// FuzzReadCommand: no bytes make it panic, hold much, or take no input and
// say that it did.
func FuzzReadCommand(f *testing.F) {
	f.Add([]byte("PING\r\n"))
	f.Add([]byte("*1\r\n$4\r\nPING\r\n"))
	f.Add([]byte("*2\r\n$-1\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(sent), maxRedisLine)
		for range sent {
			command, err := readCommand(r)
			if err != nil {
				return
			}
			assert.LessOrEqual(t, len(command), maxRedisLine)
		}
		_, err := readCommand(r)
		assert.Error(t, err)
	})
}

// FuzzServeHTTP: whatever comes is answered with a status or not at all.
func FuzzServeHTTP(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Add([]byte("\x16\x03\x01"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		var answer bytes.Buffer
		err := serveHTTP(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(sent), &answer})
		if err == nil {
			assert.True(t, bytes.HasPrefix(answer.Bytes(), []byte("HTTP/1.1 ")))
		}
	})
}
