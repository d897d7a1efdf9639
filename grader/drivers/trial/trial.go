// Package trial is the learner's side of a trial: a test of the learner's runs
// in the seat of a lab, and asks over descriptor 3 for all that is not in its
// own process: the lab around it, what was captured, and the scanner that it is
// to judge. The grader answers (package check); which scanner that is, the test
// is not told. What is sent are messages of one line of JSON each.
//
// Tests do not call it. For a trial the kit puts it in the place of the packages
// that they do call: see grader/scanners.
package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"wirelab/exercises/port"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// Descriptor is where a program finds its end of the channel.
const Descriptor = 3

// The methods of a Request.
const (
	MethodPlan     = "plan"     // → plan.Plan
	MethodCaptures = "captures" // → labenv.Captures
	MethodScan     = "scan"     // ScanParams → Answer
	MethodParse    = "parse"    // string → Answer
	MethodCancel   = "cancel"   // the ID of a scan whose context has ended; no reply
)

// Request is what the test asks for.
type Request struct {
	ID     int64           `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params,omitempty"`
}

// Reply answers the request of that ID.
type Reply struct {
	ID     int64           `json:"id"`
	Result json.RawMessage `json:"result,omitempty"`
	Fault  string          `json:"fault,omitempty"` // why there is no result
}

// ScanParams are the arguments of a scan.
type ScanParams struct {
	Host    netip.Addr    `json:"host"`
	Ports   []uint16      `json:"ports"`
	Options Options       `json:"options"`
	Left    time.Duration `json:"left,omitempty"` // until the context's deadline, ns; 0 is none
}

// Options mirrors the options of package scan.
type Options struct {
	Timeout time.Duration
	Workers int
}

// Answer is what a function of the scanner's returned.
type Answer struct {
	Results json.RawMessage `json:"results"`
	Failed  bool            `json:"failed"` // with an error
	Text    string          `json:"text,omitempty"`
	// Canceled and Expired tell whether the error matches context.Canceled and
	// context.DeadlineExceeded.
	Canceled bool `json:"canceled,omitempty"`
	Expired  bool `json:"expired,omitempty"`
}

// Error is an error of the scanner's, as the test sees it.
type Error struct{ answer Answer }

// Error returns its text.
func (e *Error) Error() string { return e.answer.Text }

// Is tells what it matches: a context's errors.
func (e *Error) Is(target error) bool {
	return e.answer.Canceled && target == context.Canceled || e.answer.Expired && target == context.DeadlineExceeded
}

// Scan has the scanner scan.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, o Options) ([]port.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	params := ScanParams{Host: host, Ports: ports, Options: o}
	if deadline, ok := ctx.Deadline(); ok {
		params.Left = max(time.Until(deadline), 1)
	}
	c := dial()
	id, reply := c.send(MethodScan, params)
	stop := context.AfterFunc(ctx, func() { c.write(Request{ID: id, Method: MethodCancel}) })
	defer stop()
	var results []port.Result
	return results, answered(<-reply, &results)
}

// ParsePorts has the scanner read a list of ports.
func ParsePorts(spec string) ([]uint16, error) {
	_, reply := dial().send(MethodParse, spec)
	var ports []uint16
	return ports, answered(<-reply, &ports)
}

// answered stores what a function returned, and returns its error.
func answered(r Reply, results any) error {
	var a Answer
	if err := r.decode(&a); err != nil {
		return err
	}
	if err := json.Unmarshal(a.Results, results); err != nil {
		return fmt.Errorf("the scanner's answer: %w", err)
	}
	if a.Failed {
		return &Error{a}
	}
	return nil
}

// Lab is the lab around the test.
type Lab struct{ plan plan.Plan }

// Open asks for the lab.
func Open() (*Lab, error) {
	_, reply := dial().send(MethodPlan, nil)
	l := &Lab{}
	r := <-reply
	return l, r.decode(&l.plan)
}

// Plan returns the hosts of the lab; what their ports do is for the test to say.
func (l *Lab) Plan() plan.Plan { return l.plan }

// Captures returns the recordings up to now.
func (l *Lab) Captures(context.Context) (labenv.Captures, error) {
	_, reply := dial().send(MethodCaptures, nil)
	var c labenv.Captures
	r := <-reply
	return c, r.decode(&c)
}

// Close leaves the lab, which goes on.
func (l *Lab) Close() error { return nil }

func (r Reply) decode(v any) error {
	if r.Fault != "" {
		return errors.New(r.Fault)
	}
	return json.Unmarshal(r.Result, v)
}

// channel is the test's end.
type channel struct {
	file *os.File

	writing sync.Mutex
	mu      sync.Mutex
	last    int64
	open    map[int64]chan Reply
}

// dial returns the channel, which the whole program shares.
var dial = sync.OnceValue(func() *channel {
	c := &channel{file: os.NewFile(Descriptor, "channel"), open: map[int64]chan Reply{}}
	go c.read()
	return c
})

// read hands replies to those who wait. Without the grader there is nothing to
// test: the program ends.
func (c *channel) read() {
	in := bufio.NewReader(c.file)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			lost(err)
		}
		var r Reply
		if err := json.Unmarshal(line, &r); err != nil {
			lost(err)
		}
		c.mu.Lock()
		waiting := c.open[r.ID]
		delete(c.open, r.ID)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- r
		}
	}
}

// send asks for something; the reply comes on the channel.
func (c *channel) send(method string, params any) (int64, <-chan Reply) {
	raw, err := json.Marshal(params)
	if err != nil {
		lost(err)
	}
	reply := make(chan Reply, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.open[id] = reply
	c.mu.Unlock()
	c.write(Request{ID: id, Method: method, Params: raw})
	return id, reply
}

func (c *channel) write(r Request) {
	line, err := json.Marshal(r)
	if err != nil {
		lost(err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, err := c.file.Write(append(line, '\n')); err != nil {
		lost(err)
	}
}

// lost ends a test that cannot reach the grader.
func lost(err error) {
	fmt.Fprintln(os.Stderr, "the channel to the grader is lost:", err)
	os.Exit(StatusLost)
}

// StatusLost is the exit status of a test that has lost the grader.
const StatusLost = 86
