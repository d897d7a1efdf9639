package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"

	"wirelab/grader/drive"
	remote "wirelab/grader/drivers/trial"
	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/wire"
)

const (
	// longestLine bounds a request, in bytes: a list of all ports fits.
	longestLine = 1 << 20
	// atOnce bounds the requests that are served at the same time.
	atOnce = 64
)

// server answers one test.
type server struct {
	config  Config
	lab     labenv.Lab
	scanner *drive.Driver
	ctx     context.Context // ends with the trial

	writing sync.Mutex
	mu      sync.Mutex
	cancels map[int64]context.CancelFunc
	err     error // the first that is the kit's fault
}

// serve answers requests until the channel closes, or makes no sense any more:
// the test then waits for an answer in vain.
func (s *server) serve(ch io.ReadWriter) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	in := bufio.NewScanner(ch)
	in.Buffer(nil, longestLine)
	slots := make(chan struct{}, atOnce)
	for in.Scan() {
		var r remote.Request
		if json.Unmarshal(in.Bytes(), &r) != nil {
			return
		}
		if r.Method == remote.MethodCancel {
			s.cancel(r.ID)
			continue
		}
		call := s.context(ctx, r.ID)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; s.cancel(r.ID) }()
			s.reply(ch, r.ID, s.handle(call, r))
		}()
	}
}

// context makes the context of a request.
func (s *server) context(ctx context.Context, id int64) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancels[id] = cancel
	return ctx
}

// cancel ends the context of a request, if that is under way.
func (s *server) cancel(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.cancels[id]; ok {
		cancel()
		delete(s.cancels, id)
	}
}

// broken notes what is the kit's fault.
func (s *server) broken(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// fault returns what went wrong through no fault of the test's.
func (s *server) fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// errRequest is what a test that makes up its own requests gets.
var errRequest = errors.New("the grader does not understand this request")

// handle answers one request.
func (s *server) handle(ctx context.Context, r remote.Request) any {
	switch r.Method {
	case remote.MethodPlan:
		return s.hosts()
	case remote.MethodCaptures:
		c, err := s.captures(ctx)
		if err != nil {
			s.broken(err)
			return err
		}
		return c
	case remote.MethodScan:
		var p remote.ScanParams
		if err := json.Unmarshal(r.Params, &p); err != nil {
			return errRequest
		}
		return s.scan(ctx, p)
	case remote.MethodParse:
		var spec string
		if err := json.Unmarshal(r.Params, &spec); err != nil {
			return errRequest
		}
		return s.call(ctx, "ParsePorts", spec)
	}
	return errRequest
}

// hosts are the lab's, without what their ports do.
func (s *server) hosts() plan.Plan {
	p := s.lab.Plan()
	p.Target.Ports, p.Neighbour.Ports = nil, nil
	return p
}

// captures returns the recordings that the test is shown.
func (s *server) captures(ctx context.Context) (labenv.Captures, error) {
	c, err := s.lab.Captures(ctx)
	if err != nil {
		return c, fmt.Errorf("the recordings: %w", err)
	}
	c.Neighbour = nil // labtest shows the target's alone
	if s.config.Drop != nil {
		if c.Target, err = wire.Strip(c.Target, s.config.Drop); err != nil {
			return c, fmt.Errorf("the recordings: %w", err)
		}
	}
	return c, nil
}

// scan has the scanner scan.
func (s *server) scan(ctx context.Context, p remote.ScanParams) any {
	if p.Left > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Left)
		defer cancel()
	}
	host := p.Host
	if s.config.Elsewhere {
		host = s.elsewhere(host)
	}
	return s.call(ctx, "Scan", host, p.Ports, p.Options)
}

// elsewhere returns the neighbour's address for the target's.
func (s *server) elsewhere(host netip.Addr) netip.Addr {
	p := s.lab.Plan()
	switch host {
	case p.Target.Addr:
		return p.Neighbour.Addr
	case p.Target.Addr6:
		return p.Neighbour.Addr6
	}
	return host
}

// call calls a function of the scanner's. That one is the kit's own: if it dies,
// the kit is to blame.
func (s *server) call(ctx context.Context, method string, args ...any) any {
	r, err := s.scanner.Call(ctx, method, args...)
	if err != nil {
		err = fmt.Errorf("the scanner %s: %w", s.config.Scanner, err)
		if s.ctx.Err() == nil {
			s.broken(err)
		}
		return err
	}
	a := remote.Answer{Results: json.RawMessage("null")}
	if len(r.Results) > 0 {
		a.Results = r.Results[0]
	}
	if r.Err != nil {
		a.Failed, a.Text = true, r.Err.Text
		a.Canceled, a.Expired = r.Err.Is(context.Canceled), r.Err.Is(context.DeadlineExceeded)
	}
	return a
}

// reply sends an answer, or an error in the place of one. A test that has ended
// needs none.
func (s *server) reply(to io.Writer, id int64, answer any) {
	r := remote.Reply{ID: id}
	if err, failed := answer.(error); failed {
		r.Fault = err.Error()
	} else if raw, err := json.Marshal(answer); err != nil {
		r.Fault = err.Error()
	} else {
		r.Result = raw
	}
	line, err := json.Marshal(r)
	if err != nil {
		return
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, _ = to.Write(append(line, '\n'))
}
