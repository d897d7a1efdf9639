package drive

import (
	"runtime"
	"slices"
	"syscall"

	"wirelab/grader/drivers/serve"
)

// RemoteError is an error that a function of the learner's returned: what it
// said, and what it matched on its own side of the channel.
type RemoteError struct {
	Text string // the first 4 KiB of Error()
	// Sentinels names what the error matches, as in serve.Sentinels.
	Sentinels []string
	// Errno is the Linux number of the first syscall.Errno in the error's
	// tree; 0 where there is none.
	Errno int
	// Timeout is set where it is a net.Error whose Timeout() is true.
	Timeout bool
	// Forged is set where the error claims to match everything. Is then says
	// no to everything.
	Forged bool
}

func newRemoteError(f *serve.Failure) *RemoteError {
	if f == nil {
		return nil
	}
	return &RemoteError{Text: f.Text, Sentinels: f.Is, Errno: f.Errno, Timeout: f.Timeout, Forged: f.Forged}
}

// Error returns the text of the learner's error.
func (e *RemoteError) Error() string {
	if e == nil {
		return "<nil>"
	}
	return e.Text
}

// Is tells whether the learner's error matched target, where target is one of
// serve.Sentinels or a syscall.Errno. A nil RemoteError matches nothing.
func (e *RemoteError) Is(target error) bool {
	if e == nil || e.Forged {
		return false
	}
	if errno, ok := target.(syscall.Errno); ok {
		local, known := errnoHere(e.Errno)
		return known && local == errno
	}
	for _, name := range e.Sentinels {
		if serve.Sentinels[name] == target {
			return true
		}
	}
	return false
}

// Matches tells whether the learner's error matched a sentinel of the exercise's
// own, by the name under which its driver put it into serve.Sentinels.
func (e *RemoteError) Matches(name string) bool {
	return e != nil && !e.Forged && slices.Contains(e.Sentinels, name)
}

// linuxErrnos are the numbers (errno(3)) of the errors that checks ask for.
// The learner's program runs on Linux always, the grader not.
var linuxErrnos = map[int]syscall.Errno{
	4:   syscall.EINTR,
	13:  syscall.EACCES,
	22:  syscall.EINVAL,
	23:  syscall.ENFILE,
	24:  syscall.EMFILE,
	92:  syscall.ENOPROTOOPT,
	98:  syscall.EADDRINUSE,
	99:  syscall.EADDRNOTAVAIL,
	100: syscall.ENETDOWN,
	101: syscall.ENETUNREACH,
	103: syscall.ECONNABORTED,
	104: syscall.ECONNRESET,
	105: syscall.ENOBUFS,
	110: syscall.ETIMEDOUT,
	111: syscall.ECONNREFUSED,
	112: syscall.EHOSTDOWN,
	113: syscall.EHOSTUNREACH,
}

// errnoHere translates a Linux error number into this system's.
func errnoHere(number int) (syscall.Errno, bool) {
	errno, ok := linuxErrnos[number]
	if !ok && runtime.GOOS == "linux" && number > 0 {
		return syscall.Errno(number), true
	}
	return errno, ok
}
