package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

// diallers is how many connections are begun side by side: each takes a thread
// in the host's namespace while it lasts.
const diallers = 16

// talks are the conversations that the host began and that are not over.
type talks struct {
	dialling chan struct{} // holds a place for each connection in the making

	mu     sync.Mutex
	open   map[*talk]bool
	kept   map[int]*talk
	last   int // number that was given
	closed bool

	running sync.WaitGroup
	life    context.Context // ends with the host
	end     context.CancelFunc
}

func newTalks() *talks {
	life, end := context.WithCancel(context.Background())
	return &talks{
		dialling: make(chan struct{}, diallers), open: map[*talk]bool{}, kept: map[int]*talk{}, life: life, end: end,
	}
}

// talk is one conversation.
type talk struct {
	conn     *net.TCPConn
	out      *rand.ChaCha8 // what is to be sent
	rest     []byte        // drawn from out, and not sent yet
	expected *rand.ChaCha8 // what has to come back

	mu       sync.Mutex
	sent     int64
	received int64
	differs  int64
	last     time.Time     // when something came
	over     bool          // nobody is to listen any more
	news     chan struct{} // holds one element where something came, closed when nothing will
}

// Converse plays clients side by side and returns what came of each, in order.
// Errors: plan.ErrInvalid, plan.ErrConverse. What goes wrong in a conversation
// is a result. Closing the host ends them all.
func (h *Host) Converse(ctx context.Context, clients []plan.Client) ([]plan.Talk, error) {
	for _, c := range clients {
		if err := c.Validate(); err != nil {
			return nil, err
		}
	}
	if !h.talks.enter() {
		return nil, fmt.Errorf("%w: the host is closed", plan.ErrConverse)
	}
	defer h.talks.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.talks.life, cancel)()
	if err := h.capture.AwaitRing(ctx); err != nil { // many clients at once are a burst
		return nil, fmt.Errorf("the recording: %w", err)
	}
	results, errs := make([]plan.Talk, len(clients)), make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		if c.Patience == 0 {
			c.Patience = plan.DefaultPatience
		}
		all.Go(func() { results[i], errs[i] = h.converse(ctx, c) })
	}
	all.Wait()
	return results, errors.Join(errs...)
}

// converse plays one client.
func (h *Host) converse(ctx context.Context, c plan.Client) (plan.Talk, error) {
	began := time.Now()
	k, err := h.take(ctx, c)
	if errors.Is(err, plan.ErrConverse) {
		return plan.Talk{}, err
	}
	result := plan.Talk{Differs: -1}
	if err == nil {
		result, err = k.play(ctx, c)
		result.Kept = h.talks.leave(k, c.Finally == plan.Keep && err == nil)
	}
	result.Took = time.Since(began)
	result.Outcome, result.Why = outcome(err), text(err)
	return result, nil
}

// outcome says in the plan's words how a conversation ended.
func outcome(err error) plan.Outcome {
	switch {
	case err == nil:
		return plan.Done
	case errors.Is(err, io.EOF):
		return plan.Ended
	case errors.Is(err, syscall.ECONNREFUSED):
		return plan.Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return plan.WasReset
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return plan.Waited
	}
	return plan.Failed
}

func text(err error) string {
	if err == nil || errors.Is(err, io.EOF) {
		return ""
	}
	return err.Error()
}

// take returns the conversation that the client resumes, or a new one.
func (h *Host) take(ctx context.Context, c plan.Client) (*talk, error) {
	if c.Resume != 0 {
		return h.talks.resume(c.Resume)
	}
	conn, err := h.dial(ctx, c)
	if err != nil {
		return nil, err
	}
	k := &talk{
		conn: conn, out: plan.Stream(c.Seed), expected: plan.Stream(c.Seed),
		differs: -1,
	}
	return k, h.talks.add(k)
}

// dial connects from the host's namespace. One address is dialled on the
// calling goroutine's thread.
func (h *Host) dial(ctx context.Context, c plan.Client) (conn *net.TCPConn, err error) {
	h.talks.dialling <- struct{}{}
	defer func() { <-h.talks.dialling }()
	d := net.Dialer{Timeout: c.Patience, KeepAlive: -1}
	err = nsrun.In(h.namespace, func() error {
		dialled, err := d.DialContext(ctx, "tcp", c.To.String())
		if err != nil {
			return timedOut(err)
		}
		conn = dialled.(*net.TCPConn) //nolint:forcetypeassert // that is what "tcp" gives
		return nil
	})
	return conn, err
}

// timedOut makes the dialer's own timeout one that errors.Is knows.
func timedOut(err error) error {
	var n net.Error
	if errors.As(err, &n) && n.Timeout() {
		return fmt.Errorf("%w: %w", os.ErrDeadlineExceeded, err)
	}
	return err
}

// add keeps the conversation for close.
func (ts *talks) add(k *talk) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed {
		return errors.Join(net.ErrClosed, k.conn.Close())
	}
	ts.open[k] = true
	return nil
}

// resume hands out a conversation that was kept.
func (ts *talks) resume(number int) (*talk, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	k, ok := ts.kept[number]
	if !ok {
		return nil, fmt.Errorf("%w: none was kept under number %d", plan.ErrConverse, number)
	}
	delete(ts.kept, number)
	return k, nil
}

// leave keeps a conversation and returns its number, or ends it.
func (ts *talks) leave(k *talk, keep bool) int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if keep && !ts.closed {
		ts.last++
		ts.kept[ts.last] = k
		return ts.last
	}
	delete(ts.open, k)
	_ = k.conn.Close() // what is lost by it has been counted as not received
	return 0
}

// close ends all conversations.
func (ts *talks) close() {
	ts.mu.Lock()
	ts.closed = true
	ts.end()
	for k := range ts.open {
		_ = k.conn.Close()
	}
	ts.mu.Unlock()
	ts.running.Wait()
}

// enter counts a call of Converse, for close to wait for; it is false once the
// host is closed.
func (ts *talks) enter() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if !ts.closed {
		ts.running.Add(1)
	}
	return !ts.closed
}

// play does what the client is told to. io.EOF means that the server ended it,
// nil that the client has.
func (k *talk) play(ctx context.Context, c plan.Client) (plan.Talk, error) {
	k.begin()
	heard := make(chan error, 1)
	if c.Deaf {
		heard <- nil
	} else {
		go func() { heard <- k.listen(ctx, c) }()
	}
	err := k.speak(ctx, c)
	if err != nil || c.Finally == plan.Abort {
		k.stopListening()
	}
	if err == nil {
		err = k.finally(c)
	}
	if err != nil || c.Finally == plan.Keep {
		k.stopListening()
	}
	if ended := <-heard; ended != nil && (err == nil || errors.Is(err, errUnheard)) {
		err = ended
	}
	_ = k.conn.SetDeadline(time.Time{}) // the next part sets its own; an aborted conversation has none
	return k.result(), err
}

// errUnheard tells that the listener has ended, and knows why.
var errUnheard = errors.New("nothing is heard any more")

// begin prepares the next part of the conversation.
func (k *talk) begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over, k.last, k.news = false, time.Now(), make(chan struct{}, 1)
}

// stopListening ends listen: what it waits for is not wanted any more.
func (k *talk) stopListening() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	_ = k.conn.SetReadDeadline(time.Unix(1, 0)) // a closed connection is not read from either
}

func (k *talk) result() plan.Talk {
	k.mu.Lock()
	defer k.mu.Unlock()
	addr, _ := netip.ParseAddrPort(k.conn.LocalAddr().String())
	return plan.Talk{Addr: addr, Sent: k.sent, Received: k.received, Differs: k.differs, Quiet: time.Since(k.last)}
}

// speak sends what the client has to say.
func (k *talk) speak(ctx context.Context, c plan.Client) error {
	left := c.Send
	for left > 0 {
		size := int64(chunk)
		if c.Piece > 0 {
			size = int64(c.Piece)
		}
		n, err := k.send(min(size, left), c.Patience)
		left -= n
		if c.Deaf && c.Finally == plan.Keep && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil // stuck, as it was meant to be
		}
		if err != nil {
			return err
		}
		if c.InTurn {
			if err := k.await(c.Patience); err != nil {
				return err
			}
		}
		if left > 0 && c.Pace > 0 {
			pause(ctx, c.Pace)
		}
	}
	return nil
}

// send sends the next n bytes and returns how many went.
func (k *talk) send(n int64, patience time.Duration) (int64, error) {
	if missing := n - int64(len(k.rest)); missing > 0 {
		more := make([]byte, missing)
		_, _ = k.out.Read(more) // it never fails
		k.rest = append(k.rest, more...)
	}
	if err := k.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	went, err := k.conn.Write(k.rest[:n])
	k.rest = k.rest[went:]
	k.mu.Lock()
	k.sent += int64(went)
	k.mu.Unlock()
	return int64(went), err
}

// finally does what follows once all is sent.
func (k *talk) finally(c plan.Client) error {
	switch c.Finally {
	case plan.Abort:
		// With nothing to linger for, closing sends RST (socket(7), SO_LINGER).
		return errors.Join(k.conn.SetLinger(0), k.conn.Close())
	case plan.HalfClose:
		return k.conn.CloseWrite()
	case plan.Finish:
		if err := k.await(c.Patience); err != nil {
			return err
		}
		return k.conn.CloseWrite()
	case plan.Keep:
		if !c.Deaf {
			return k.await(c.Patience)
		}
	case plan.Remain:
	}
	return nil
}

// await waits until all that was sent has come back, or something else instead
// of it, for as long as something comes.
func (k *talk) await(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		k.mu.Lock()
		complete := k.received >= k.sent
		k.mu.Unlock()
		if complete {
			return nil
		}
		select {
		case _, more := <-k.news:
			if !more {
				return errUnheard
			}
			timer.Reset(patience)
		case <-timer.C:
			return os.ErrDeadlineExceeded
		}
	}
}

// listen reads until the server ends the conversation, which is io.EOF, or the
// client's part of it is over, which is nil.
func (k *talk) listen(ctx context.Context, c plan.Client) error {
	defer close(k.news)
	pause(ctx, c.Delay)
	buffer, want := make([]byte, chunk), make([]byte, chunk)
	for {
		if k.wait(c.Patience) {
			return nil
		}
		n, err := k.conn.Read(buffer)
		if n > 0 {
			k.hear(buffer[:n], want[:n])
		}
		if err != nil {
			if k.isOver() {
				return nil
			}
			return err
		}
	}
}

// wait sets how long the next read may take, and tells whether there is to be
// none.
func (k *talk) wait(patience time.Duration) (over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.over {
		_ = k.conn.SetReadDeadline(time.Now().Add(patience)) // the read will tell
	}
	return k.over
}

func (k *talk) isOver() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.over
}

// hear holds what came against what was sent; want is room for that.
func (k *talk) hear(got, want []byte) {
	_, _ = k.expected.Read(want) // it never fails
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range got {
		if k.differs < 0 && got[i] != want[i] {
			k.differs = k.received + int64(i)
		}
	}
	k.received += int64(len(got))
	k.last = time.Now()
	select {
	case k.news <- struct{}{}:
	default: // there is some already
	}
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
