package serve

import "encoding/json"

// The channel speaks JSON-RPC 2.0, one message a line. The grader's first line
// is no message: it is the token that begins every line of the program's,
// followed by one blank. A line that does not begin so was written by somebody
// else.

// Descriptor is the number of the descriptor that the channel is on.
const Descriptor = 3

// The methods of the program itself, beside the functions that it serves.
const (
	// MethodReady takes nothing and returns null as soon as the program serves.
	MethodReady = "rpc.ready"
	// MethodGoroutines takes nothing and returns how many goroutines there are.
	MethodGoroutines = "rpc.goroutines"
	// MethodCancel is a notification that takes a Cancel: the call's context
	// is cancelled. A call that is over, or never was, is left alone.
	MethodCancel = "rpc.cancel"
)

// Codes of JSON-RPC errors (section 5.1 of its specification). They are faults
// of the kit: what a function returns is a result, its error included.
const (
	CodeMethodNotFound = -32601
	CodeInvalidParams  = -32602
	CodeInternal       = -32603
)

// The exit statuses of the program, chosen to be unlike those of Go programs.
const (
	// StatusHungUp tells that the grader closed its end of the channel.
	StatusHungUp = 90
	// StatusChannelLost tells that the channel could not be read or written:
	// there is none, or somebody closed or replaced the descriptor.
	StatusChannelLost = 91
)

// Request is the parameters of a call of a function.
type Request struct {
	// Call is what a Cancel names the call by. The grader counts them.
	Call int64 `json:"call"`
	// Args are the arguments, except for a leading context.Context.
	Args []json.RawMessage `json:"args"`
	// TimeoutNS is how long from now the context's deadline is, in
	// nanoseconds. 0 means that it has none; below 0 it has passed.
	TimeoutNS int64 `json:"timeout_ns,omitempty"`
	// Canceled calls the function with a context that is cancelled already.
	Canceled bool `json:"canceled,omitempty"`
}

// Cancel is the parameters of MethodCancel.
type Cancel struct {
	Call int64 `json:"call"`
}

// Answer is the result of a call of a function.
type Answer struct {
	// Results are what the function returned, except for a trailing error.
	Results []json.RawMessage `json:"results"`
	// Failure is that error; nil where it was nil or there is none.
	Failure *Failure `json:"failure,omitempty"`
}

// MaxText bounds Failure.Text, in bytes.
const MaxText = 4 << 10

// Failure is an error that a function returned. An error cannot travel; what
// it says and what it matches can.
type Failure struct {
	Text string `json:"text"` // the first MaxText bytes of Error()
	// Is names the sentinels that the error matches, in the words of their own
	// texts: a key of Sentinels.
	Is []string `json:"is,omitempty"`
	// Errno is the Linux number of the first syscall.Errno in the error; 0
	// where there is none.
	Errno int `json:"errno,omitempty"`
	// Timeout is set where the error is a net.Error whose Timeout() is true.
	Timeout bool `json:"timeout,omitempty"`
	// Forged is set where the error claims to be one that it cannot be: its
	// Is or As method says yes to everything.
	Forged bool `json:"forged,omitempty"`
}
