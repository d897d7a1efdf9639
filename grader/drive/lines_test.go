package drive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// conn reads what a program wrote, and takes what the grader writes.
type conn struct {
	io.Reader
	sent bytes.Buffer
}

func (c *conn) Write(p []byte) (int, error) { return c.sent.Write(p) }
func (c *conn) Close() error                { return nil }

const testLimit = 200

// asked returns a channel on which requests 1 and 2 wait for answers, and on
// which a program has written.
func asked(t *testing.T, written string) *lines {
	t.Helper()
	c := &conn{Reader: strings.NewReader(written)}
	l := newLines(c, "token", testLimit)
	require.NoError(t, l.greet())
	for id := 1; id <= 2; id++ {
		require.NoError(t, l.Send(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"Scan"}`, id)))
	}
	require.NoError(t, l.Send([]byte(`{"jsonrpc":"2.0","method":"rpc.cancel"}`)))
	require.Equal(t, 4, strings.Count(c.sent.String(), "\n"))
	require.True(t, strings.HasPrefix(c.sent.String(), "token\n{"))
	return l
}

func TestLines(t *testing.T) {
	const one, two = `{"jsonrpc":"2.0","id":1,"result":{"results":[7]}}`, `{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no"}}`
	for name, c := range map[string]struct {
		written string
		taken   []string // what is taken as answers, before
		tamper  string   // this is quoted, or
		flood   bool     // this is too long, or the end
	}{
		"answers":              {written: "token " + two + "\ntoken " + one + "\n", taken: []string{two, one}},
		"nothing":              {},
		"half an answer":       {written: "token " + one},
		"twice the same":       {written: "token " + one + "\ntoken " + one + "\n", taken: []string{one}, tamper: "token " + one},
		"no token":             {written: one + "\n", tamper: one},
		"text before it":       {written: "hi token " + one + "\n", tamper: "hi token " + one},
		"an empty line":        {written: "\n", tamper: ""},
		"no JSON":              {written: "token hello\n", tamper: "token hello"},
		"never asked":          {written: `token {"jsonrpc":"2.0","id":3,"result":{}}` + "\n", tamper: `token {"jsonrpc":"2.0","id":3,"result":{}}`},
		"no id":                {written: `token {"jsonrpc":"2.0","result":null}` + "\n", tamper: `token {"jsonrpc":"2.0","result":null}`},
		"a request":            {written: `token {"jsonrpc":"2.0","id":1,"method":"x"}` + "\n", tamper: `token {"jsonrpc":"2.0","id":1,"method":"x"}`},
		"a batch":              {written: "token [" + one + "]\n", tamper: "token [" + one + "]"},
		"two on a line":        {written: "token " + one + two + "\n", tamper: "token " + one + two},
		"a result of no shape": {written: `token {"jsonrpc":"2.0","id":1,"result":"OPEN"}` + "\n", tamper: `token {"jsonrpc":"2.0","id":1,"result":"OPEN"}`},
		"no result":            {written: `token {"jsonrpc":"2.0","id":1}` + "\n", tamper: `token {"jsonrpc":"2.0","id":1}`},
		"a null result":        {written: `token {"jsonrpc":"2.0","id":1,"result":null}` + "\n", tamper: `token {"jsonrpc":"2.0","id":1,"result":null}`},
		"a long line":          {written: strings.Repeat("x", testLimit+10), flood: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := asked(t, c.written)
			for _, want := range c.taken {
				got, err := l.Recv()
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			}
			got, err := l.Recv()
			assert.Nil(t, got)
			var tamper *TamperError
			var flood *FloodError
			switch {
			case c.flood:
				assert.ErrorAs(t, err, &flood)
			case errors.As(err, &tamper):
				assert.Equal(t, c.tamper, tamper.Line)
				assert.False(t, tamper.Closed)
			default:
				assert.ErrorIs(t, err, io.EOF)
				assert.Empty(t, c.tamper)
			}
		})
	}
}

func TestTamperedLineIsCut(t *testing.T) {
	assert.Len(t, newTamper(bytes.Repeat([]byte("x"), 10_000)).Line, maxTamperLine)
}

// Whatever a program writes, no more answers are taken than were asked for.
func FuzzLines(f *testing.F) {
	f.Add("token {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\ntoken {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"results\":[1]}}\n")
	f.Add("token [{}]\n")
	f.Add("hello")
	f.Fuzz(func(t *testing.T, written string) {
		l := asked(t, written)
		taken := 0
		for {
			msg, err := l.Recv()
			if err != nil {
				break
			}
			taken++
			assert.LessOrEqual(t, len(msg), testLimit)
		}
		assert.LessOrEqual(t, taken, 2)
	})
}
