package drive

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// maxTrace is how many bytes of standard error are searched for a trace. Some
// thousand goroutines fit.
const maxTrace = 1 << 20

// Output is what a program printed, to standard output and standard error, in
// the order in which it arrived. A crash's trace is left out: CrashError and
// HangError hold what it says.
type Output struct {
	// Text is valid UTF-8. Where it was cut, a line in the middle says so.
	Text string
	// Bytes counts what was printed in all.
	Bytes int64
}

// recorder keeps the first and the last part of what a program prints.
type recorder struct {
	limits  Limits
	flooded func() // called when more is printed than limits.Flood

	mu    sync.Mutex
	total int64
	head  []byte
	tail  window // what follows head; long enough for a trace besides
	trace window // of standard error alone
	cut   string // the trace that text leaves out
}

func newRecorder(limits Limits, flooded func()) *recorder {
	return &recorder{
		limits: limits, flooded: flooded,
		tail: window{size: limits.Output + maxTrace}, trace: window{size: maxTrace},
	}
}

// drain reads both streams until they end. The channel that it returns is
// closed then.
func (r *recorder) drain(stdout, stderr io.Reader) <-chan struct{} {
	var readers sync.WaitGroup
	readers.Go(func() { r.copy(stdout, false) })
	readers.Go(func() { r.copy(stderr, true) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		readers.Wait()
	}()
	return done
}

func (r *recorder) copy(from io.Reader, stderr bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if r.add(buf[:n], stderr) > r.limits.Flood {
			r.flooded()
		}
		if err != nil {
			return
		}
	}
}

// add keeps what is worth keeping of p and returns how much was printed in all.
func (r *recorder) add(p []byte, stderr bool) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stderr {
		r.trace.add(p)
	}
	r.total += int64(len(p))
	n := min(len(p), r.limits.Output/2-len(r.head))
	r.head = append(r.head, p[:n]...)
	r.tail.add(p[n:])
	return r.total
}

// lastTrace finds the trace at the end of standard error. From then on text
// leaves it out.
func (r *recorder) lastTrace() trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := parseTrace(string(r.trace.bytes()))
	r.cut = t.text
	return t
}

// text leaves out the trace at the end, then the middle of what remains.
func (r *recorder) text() Output {
	r.mu.Lock()
	defer r.mu.Unlock()
	head, tail := string(r.head), string(r.tail.bytes())
	if strings.HasSuffix(head+tail, r.cut) {
		fromTail := min(len(r.cut), len(tail))
		tail = tail[:len(tail)-fromTail]
		head = head[:len(head)-(len(r.cut)-fromTail)]
	}
	lost := r.total - int64(len(r.head)) - int64(len(r.tail.bytes()))
	if long := len(tail) - r.limits.Output/2; long > 0 {
		lost += int64(long)
		tail = tail[long:]
	}
	text := head + tail
	if lost > 0 {
		text = fmt.Sprintf("%s\n... %d bytes left out ...\n%s", head, lost, tail)
	}
	return Output{Text: strings.ToValidUTF8(text, "\uFFFD"), Bytes: r.total}
}

// window keeps the last size bytes of a stream.
type window struct {
	size int
	buf  []byte // at most three times size
}

func (w *window) add(p []byte) {
	if len(p) > w.size {
		p = p[len(p)-w.size:]
	}
	w.buf = append(w.buf, p...)
	if len(w.buf) > 2*w.size {
		w.buf = append(w.buf[:0], w.bytes()...)
	}
}

func (w *window) bytes() []byte { return w.buf[max(0, len(w.buf)-w.size):] }
