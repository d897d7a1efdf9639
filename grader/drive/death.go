package drive

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"wirelab/labenv"
)

// CrashError tells that the program ended by itself: a panic, a fatal error of
// Go's runtime, os.Exit, or a signal.
type CrashError struct {
	Exit labenv.Exit
	// Panic is what Go's runtime said, "panic: runtime error: index out of
	// range [3] with length 2" or "fatal error: stack overflow". It is empty
	// where the program just exited or was killed.
	Panic string
	// Stack holds the learner's own frames, the innermost first, in the form
	// "exercises/06_probe/probe.go:23 in Probe".
	Stack []string
	// Refused are the system calls that the sandbox refused, as in Exit.
	Refused []string
}

// Error says how the program ended, where, and what it was refused.
func (e *CrashError) Error() string {
	return "the program ended: " + e.how() + where(e.Stack) + refused(e.Refused)
}

func (e *CrashError) how() string {
	switch {
	case e.Exit.Memory:
		return "it used too much memory"
	case e.Panic != "":
		return e.Panic
	case e.Exit.Signal != 0:
		return "it was killed by " + signalName(e.Exit.Signal)
	default:
		return fmt.Sprintf("it exited with status %d", e.Exit.Code)
	}
}

// HangError tells that a call was not answered within its limit.
type HangError struct {
	After time.Duration // from the start of the call
	// Stack holds the learner's own frames at that time, as CrashError's: those
	// of the goroutines that served calls first.
	Stack   []string
	Refused []string // as in CrashError
}

// Error says how long the call had been waited for, and where the program was.
func (e *HangError) Error() string {
	return fmt.Sprintf("no answer after %v", e.After.Round(time.Millisecond)) + where(e.Stack) + refused(e.Refused)
}

// TamperError tells that something other than the driver used the channel.
type TamperError struct {
	// Line is what was written there, cut at 200 bytes.
	Line string
	// Closed is set where nothing was written: the channel was closed, or the
	// descriptor replaced by another.
	Closed  bool
	Refused []string // as in CrashError
}

const maxTamperLine = 200

func newTamper(line []byte) *TamperError {
	line = line[:min(len(line), maxTamperLine)]
	return &TamperError{Line: string(bytes.ToValidUTF8(line, []byte("\uFFFD")))}
}

// Error quotes what was written.
func (e *TamperError) Error() string {
	if e.Closed {
		return "something other than the driver closed the grader's channel (descriptor 3)" + refused(e.Refused)
	}
	return fmt.Sprintf("something other than the driver wrote to the grader's channel (descriptor 3): %q", e.Line) + refused(e.Refused)
}

// FloodError tells that the program wrote more than the grader takes.
type FloodError struct {
	Where   string   // "its output" or "one line of the grader's channel"
	Limit   int64    // in bytes
	Refused []string // as in CrashError
}

// Error names the limit.
func (e *FloodError) Error() string {
	return fmt.Sprintf("the program wrote more than %d bytes to %s", e.Limit, e.Where) + refused(e.Refused)
}

func where(stack []string) string {
	if len(stack) == 0 {
		return ""
	}
	return ", at " + stack[0]
}

func refused(calls []string) string {
	if len(calls) == 0 {
		return ""
	}
	return "; the sandbox had refused " + strings.Join(calls, ", ")
}

// Numbers of Linux signals (signal(7)); the grader may run elsewhere.
const (
	sigInt  = 2
	sigQuit = 3
	sigKill = 9
)

func signalName(n int) string {
	switch n {
	case 6:
		return "SIGABRT"
	case 7:
		return "SIGBUS"
	case sigKill:
		return "SIGKILL"
	case 11:
		return "SIGSEGV"
	case 15:
		return "SIGTERM"
	case 24:
		return "SIGXCPU: it used too much CPU time"
	case 25:
		return "SIGXFSZ: it wrote too large a file"
	case 31:
		return "SIGSYS: a system call that the sandbox forbids"
	default:
		return fmt.Sprintf("signal %d", n)
	}
}
