package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
)

// Sentinels are the errors that a Failure is compared with, by name. Both ends
// of the channel use this one list. A driver adds its exercise's own before it
// serves, under a name such as "scope.ErrOutOfScope".
var Sentinels = map[string]error{
	"context canceled":          context.Canceled,
	"context deadline exceeded": context.DeadlineExceeded,
	"EOF":                       io.EOF,
	"unexpected EOF":            io.ErrUnexpectedEOF,
	"i/o timeout":               os.ErrDeadlineExceeded,
	"closed network connection": net.ErrClosed,
}

// errDecoy is an error that nobody returns, so that none can match it.
var errDecoy = errors.New("decoy")

// decoy is a type of error that nobody returns.
type decoy struct{}

func (*decoy) Error() string { return "decoy" }

// describe says what can be said of err. It calls methods of err, which are
// the learner's code: they may panic or never return, like the call itself.
func describe(err error) *Failure {
	f := &Failure{Text: err.Error()}
	f.Text = f.Text[:min(len(f.Text), MaxText)]
	for name, sentinel := range Sentinels {
		if errors.Is(err, sentinel) {
			f.Is = append(f.Is, name)
		}
	}
	slices.Sort(f.Is)
	var errno syscall.Errno
	if errors.As(err, &errno) {
		f.Errno = int(errno)
	}
	var timeout net.Error
	f.Timeout = errors.As(err, &timeout) && timeout.Timeout()
	var forged *decoy
	f.Forged = errors.Is(err, errDecoy) || errors.As(err, &forged)
	return f
}
