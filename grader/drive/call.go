package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wirelab/grader/drivers/serve"
)

// Reply is what a function of the learner's returned, and when.
type Reply struct {
	// Results are the results except for a trailing error, as JSON.
	Results []json.RawMessage
	// Err is that error; nil where it was nil or the function returns none.
	Err *RemoteError
	// Took is the time from the call to the answer, the way there and back
	// included.
	Took time.Duration
	// After is the time from the end of the call's context to the answer; 0
	// where the answer came first.
	After time.Duration
	// Late is the most by which a control timer was late meanwhile: what
	// bounds from above have to allow for.
	Late time.Duration
}

// Decode stores result i, counted from 0, in the value that v points to.
func (r *Reply) Decode(i int, v any) error {
	if i < 0 || i >= len(r.Results) {
		return fmt.Errorf("result %d of %d", i, len(r.Results))
	}
	if err := json.Unmarshal(r.Results[i], v); err != nil {
		return fmt.Errorf("result %d: %w", i, err)
	}
	return nil
}

// Call calls a function with args, which leave out a leading context.Context.
// The function's own context has ctx's deadline and is cancelled with ctx; the
// Call then still waits for the answer, up to Limits.Call more, so that Reply
// can tell how promptly it came. Errors are those that the package describes.
func (d *Driver) Call(ctx context.Context, method string, args ...any) (*Reply, error) {
	req, err := d.newRequest(ctx, args)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", method, err)
	}
	timer := startControl()
	start := time.Now()
	raw, ended, err := d.await(ctx, req.Call, d.request(method, req))
	now, late := time.Now(), timer.stop()
	if err != nil {
		return nil, err
	}
	var a serve.Answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("the answer of %s: %w", method, err)
	}
	r := &Reply{Results: a.Results, Err: newRemoteError(a.Failure), Took: now.Sub(start), Late: late}
	if !ended.IsZero() {
		r.After = now.Sub(ended)
	}
	return r, nil
}

// newRequest describes a call, with ctx as it is now.
func (d *Driver) newRequest(ctx context.Context, args []any) (*serve.Request, error) {
	req := &serve.Request{Call: d.calls.Add(1), Args: []json.RawMessage{}}
	for i, arg := range args {
		raw, err := json.Marshal(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i, err)
		}
		req.Args = append(req.Args, raw)
	}
	if deadline, ok := ctx.Deadline(); ok {
		req.TimeoutNS = int64(time.Until(deadline))
		if req.TimeoutNS == 0 {
			req.TimeoutNS = -1
		}
	}
	req.Canceled = errors.Is(ctx.Err(), context.Canceled)
	return req, nil
}

// answered is what became of a request.
type answered struct {
	raw json.RawMessage
	err error
}

// request asks in the background, since even writing may block.
func (d *Driver) request(method string, params any) <-chan answered {
	answers := make(chan answered, 1)
	go func() {
		raw, err := d.ask(method, params)
		answers <- answered{raw: raw, err: err}
	}()
	return answers
}

// await waits for an answer and tells when ctx ended, if it did before. It
// forwards a cancellation; a deadline the other side knows already.
func (d *Driver) await(ctx context.Context, call int64, answers <-chan answered) (raw json.RawMessage, ended time.Time, err error) {
	start := time.Now()
	limit := time.NewTimer(d.patience(ctx))
	defer limit.Stop()
	done := ctx.Done()
	for {
		select {
		case a := <-answers:
			return a.raw, ended, a.err
		case <-done:
			done, ended = nil, time.Now()
			limit.Reset(d.limits.Call)
			if errors.Is(ctx.Err(), context.Canceled) {
				d.cancel(call)
			}
		case <-limit.C:
			err := d.hang(time.Since(start))
			<-answers // the end of the program is the end of all requests
			return nil, ended, err
		}
	}
}

// patience is how long an answer is waited for while ctx has not ended.
func (d *Driver) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return d.limits.Call + max(0, time.Until(deadline))
	}
	return d.limits.Call
}

// cancel cancels the context of a call, in the background. It may overtake the
// call itself: the other side allows for that.
func (d *Driver) cancel(call int64) {
	go d.rpc.Notify(context.Background(), serve.MethodCancel, serve.Cancel{Call: call}) //nolint:errcheck // the call tells what broke
}

const (
	// steady is how long the number of goroutines must stay the same.
	steady = 30 * time.Millisecond
	// countStep is how often it is asked for meanwhile.
	countStep = 10 * time.Millisecond
)

// Goroutines returns how many goroutines the program has, its own few
// included, as soon as the number has stayed the same for 30 ms: those that
// are about to end have ended then. Where ctx ends first it is the latest
// number. Errors are as Call's.
func (d *Driver) Goroutines(ctx context.Context) (int, error) {
	tick := time.NewTicker(countStep)
	defer tick.Stop()
	last, since := -1, time.Now()
	for {
		n, err := d.count()
		if err != nil {
			return 0, err
		}
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) >= steady {
			return n, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return n, nil
		}
	}
}

func (d *Driver) count() (int, error) {
	raw, _, err := d.await(context.Background(), 0, d.request(serve.MethodGoroutines, nil))
	if err != nil {
		return 0, err
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil {
		return 0, fmt.Errorf("the number of goroutines: %w", err)
	}
	return n, nil
}
