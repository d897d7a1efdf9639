// Package labenv says what a lab is: a private place with a truth. A lab has a
// target whose ports behave as a plan says, a neighbour that is out of scope,
// and a seat from which the learner's program runs. Everything that reaches the
// target or the neighbour is captured there, where the learner cannot touch it.
//
// Package netns makes labs of Linux namespaces; package labtest holds the
// conformance suite that every maker of labs must pass. Whoever uses a lab
// (the grader, the suite) uses it through the interfaces here and cannot tell
// which maker it came from.
package labenv

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"wirelab/labenv/plan"
)

// ErrUnavailable is matched by a Maker's error where labs of its kind cannot
// run on this machine at all. The error's text says why and what to do.
var ErrUnavailable = errors.New("labs of this kind cannot run here")

// ErrClosed is matched by the errors of every method called on a closed Lab,
// or on a Process of one.
var ErrClosed = errors.New("the lab is closed")

// Maker starts a lab that plays p. It returns when the lab is ready: links up,
// services listening, packet filter installed, capture running. ctx bounds the
// start only; Close ends the lab. Killing the process that called the Maker
// ends it too, and leaves nothing behind.
type Maker func(ctx context.Context, p plan.Plan) (Lab, error)

// Lab is a running lab. Its methods may be called from several goroutines.
type Lab interface {
	// Plan returns the plan that the lab plays, with the addresses it uses.
	Plan() plan.Plan
	// Start runs prog in the seat, sandboxed. ctx bounds the start only.
	Start(ctx context.Context, prog Program) (Process, error)
	// Converse has the target play clients, side by side, and returns what
	// came of each, in order, once all have done their part. What goes wrong
	// in a conversation is a result; an error means that it was not played.
	Converse(ctx context.Context, clients []plan.Client) ([]plan.Talk, error)
	// Captures returns what was captured up to the call: every frame that had
	// been sent in the lab when it was called is there.
	Captures(ctx context.Context) (Captures, error)
	// Close ends the lab with every process in it. Closing twice is no error.
	Close() error
}

// Captures are the pcapng recordings of a lab, one for each host, since its
// start. Each has two interfaces: index 0 holds the frames that the host
// received, index 1 those that it sent (see package wire).
type Captures struct {
	Target, Neighbour []byte
	// Complete is false where a recording is known to lack frames: the bound
	// of 64 MiB was reached, or the kernel dropped some. Why then says which.
	Complete bool
	Why      string
	// Sync is the nonce of the synchronisation frames that close the
	// recordings. A recording without them is no evidence: wire.Read with this
	// nonce refuses it with wire.ErrNotSynced.
	Sync uint64
}

// Program is what runs in the seat.
type Program struct {
	// Exe is a static Linux executable. The lab reads it through the
	// descriptor, which stays the caller's; it need not have a name.
	Exe *os.File
	// Args are the arguments after the program's name.
	Args []string
	// NetRaw leaves the program CAP_NET_RAW in the seat's network.
	NetRaw bool
	// Files are what the program finds when it opens or looks up one of these
	// absolute paths, to read. There are no others, and no folders. One whose
	// content is nil is not there, and may be looked for.
	Files map[string][]byte
	// Terminal makes the program's stderr a terminal of 80 columns and 24 rows
	// (pty(7)). It ends lines with "\r\n", as terminals do.
	Terminal bool
	// Limits bound the program; zero fields mean the defaults.
	Limits Limits
}

// Limits bound one program in the seat. A zero field means DefaultLimits'.
type Limits struct {
	Descriptors int           // RLIMIT_NOFILE
	Threads     int           // RLIMIT_NPROC
	Memory      int64         // bytes, resident and RLIMIT_DATA
	CPU         time.Duration // RLIMIT_CPU, whole seconds
}

// DefaultLimits are generous for every exercise, and too small to hurt.
var DefaultLimits = Limits{Descriptors: 1024, Threads: 256, Memory: 512 << 20, CPU: 60 * time.Second}

// OrDefault returns the limits with DefaultLimits' in the place of zero fields.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits
	return Limits{
		Descriptors: cmp.Or(l.Descriptors, d.Descriptors), Threads: cmp.Or(l.Threads, d.Threads),
		Memory: cmp.Or(l.Memory, d.Memory), CPU: cmp.Or(l.CPU, d.CPU),
	}
}

// Process is a program running in the seat.
type Process interface {
	// Channel is the program's descriptor 3: a stream socket whose other end
	// the lab's user holds. The program sees EOF when it is closed.
	Channel() io.ReadWriteCloser
	// Stdout and Stderr are what the program prints. They must be read: a
	// program that prints blocks when nobody reads.
	Stdout() io.Reader
	Stderr() io.Reader
	// Descriptors returns the numbers of the descriptors that the program has
	// open, counted from outside, in rising order.
	Descriptors(ctx context.Context) ([]int, error)
	// LimitDescriptors sets RLIMIT_NOFILE of the running program to n, hard
	// and soft: no descriptor numbered n or above can be opened.
	LimitDescriptors(ctx context.Context, n int) error
	// Signal sends a signal by its Linux number.
	Signal(ctx context.Context, signal int) error
	// Wait waits for the end of the program and tells how it ended.
	Wait(ctx context.Context) (Exit, error)
	// Close kills the program if it still runs, and frees what it held.
	Close() error
}

// Exit is how a program in the seat ended.
type Exit struct {
	Code   int  // exit status; -1 where a signal ended it
	Signal int  // Linux number of the signal that ended it; 0 where none
	Memory bool // ended for using more memory than Limits.Memory
	// Refused are the system calls that the sandbox refused, in words such as
	// "fork" or "socket(AF_PACKET)", each once, in the order of the first.
	Refused []string
}
