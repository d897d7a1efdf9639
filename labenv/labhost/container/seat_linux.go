package container

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/labhost/seat"
	"wirelab/labenv/labhost/stdio"
)

// seatRelay keeps the programs that were sent, has the seat start them, and
// passes on what they read and write.
type seatRelay struct {
	once sync.Once
	err  error
	seat *fdrpc.Client

	mu       sync.Mutex
	programs map[string]*os.File  // by SHA-256
	pipes    map[int]*stdio.Pipes // by process id
}

func newSeat() *seatRelay {
	return &seatRelay{programs: map[string]*os.File{}, pipes: map[int]*stdio.Pipes{}}
}

func (s *seatRelay) register(handlers map[string]relay.Handler) {
	handlers[relay.Put] = s.put
	handlers[relay.Begin] = s.begin
	handlers[relay.Pipe] = s.pipe
	for _, method := range []string{
		protocol.WaitProgram, protocol.SignalProgram, protocol.ListDescriptors, protocol.LimitDescriptors,
	} {
		handlers[method] = s.pass(method)
	}
}

// open starts the seat when it is first called.
func (s *seatRelay) open() (*fdrpc.Client, error) {
	s.once.Do(func() {
		conn, theirs, err := fdrpc.Pair()
		if err != nil {
			s.err = err
			return
		}
		served, err := fdrpc.FileConn(theirs)
		if err != nil {
			s.err = errors.Join(err, conn.Close())
			return
		}
		s.seat = fdrpc.NewClient(conn)
		go func() { _ = seat.RunContained(context.Background(), served) }() // ends with the process
	})
	return s.seat, s.err
}

func (s *seatRelay) close() {
	if s.seat != nil {
		_ = s.seat.Close() // the process ends
	}
}

// pass hands a call on to the seat.
func (s *seatRelay) pass(method string) relay.Handler {
	return func(ctx context.Context, c *relay.Call) (any, error) {
		client, err := s.open()
		if err != nil {
			return nil, err
		}
		var result any
		_, err = client.Call(ctx, method, c.Body, nil, &result)
		return result, err
	}
}

// maxProgram bounds a program, in bytes.
const maxProgram = 256 << 20

// put keeps a program in memory, where it has no name.
func (s *seatRelay) put(_ context.Context, c *relay.Call) (any, error) {
	r, err := params[relay.PutRequest](c)
	if err != nil {
		return nil, err
	}
	f, err := receive(c.Payload, r.SHA256)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for sum, old := range s.programs { // one submission at a time has one program
		_ = old.Close() // running programs have their own
		delete(s.programs, sum)
	}
	s.programs[r.SHA256] = f
	return nil, nil
}

// receive reads a program into a memory file that nobody can write to: one
// that somebody could is not executed (execve(2), ETXTBSY).
func receive(from io.Reader, sum string) (*os.File, error) {
	fd, err := unix.MemfdCreate("program", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	w := os.NewFile(uintptr(fd), "program")
	defer w.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, hash), io.LimitReader(from, maxProgram)); err != nil {
		return nil, fmt.Errorf("receive the program: %w", err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return nil, fmt.Errorf("the program arrived damaged: SHA-256 %s, not %s", got, sum)
	}
	if err := w.Chmod(0o555); err != nil {
		return nil, err
	}
	return os.Open("/proc/self/fd/" + strconv.Itoa(fd))
}

func (s *seatRelay) begin(ctx context.Context, c *relay.Call) (any, error) {
	r, err := params[relay.BeginRequest](c)
	if err != nil {
		return nil, err
	}
	client, err := s.open()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	exe, ok := s.programs[r.SHA256]
	s.mu.Unlock()
	if !ok {
		return nil, errors.New("that program was not sent")
	}
	p, theirs, err := stdio.Open(r.Terminal)
	defer closeAll(theirs)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	r.Program.Contained = true
	r.Program.Limits.Threads += threads()
	var reply protocol.ProgramReply
	if _, err := client.Call(ctx, protocol.StartProgram, r.Program, append([]*os.File{exe}, theirs...), &reply); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipes[reply.PID] = p
	return reply, nil
}

// threads counts what runs in the container: the limit on threads counts all
// of a user's (getrlimit(2), RLIMIT_NPROC), and all in here are one user.
func threads() int {
	tasks, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	n := 0
	for _, t := range tasks {
		if _, err := strconv.Atoi(t.Name()); err != nil {
			continue
		}
		own, err := os.ReadDir("/proc/" + t.Name() + "/task")
		if err == nil { // else it has ended
			n += len(own)
		}
	}
	return n
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // the program has its own copies
	}
}

// pipe makes a stream one of a program's pipes. Each is asked for once.
func (s *seatRelay) pipe(_ context.Context, c *relay.Call) (any, error) {
	r, err := params[relay.PipeRequest](c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	p, ok := s.pipes[r.PID]
	s.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("no program has process id %d", r.PID)
	}
	switch r.Pipe {
	case relay.PipeChannel:
		c.Then = func(stream *relay.Stream) { both(stream, p.Channel) }
	case relay.PipeStdout:
		c.Then = func(stream *relay.Stream) { out(stream, p.Stdout) }
	case relay.PipeStderr:
		c.Then = func(stream *relay.Stream) { out(stream, p.Stderr) }
	default:
		return nil, fmt.Errorf("programs have no pipe %q", r.Pipe)
	}
	return nil, nil
}

// out passes on what a program prints, until it or the listener ends.
func out(stream *relay.Stream, from io.ReadCloser) {
	_, _ = io.Copy(stream, from) // either end may go at any time
	_ = from.Close()
}

// both passes on a program's channel both ways. When the kit closes its end,
// the program's is closed as well, and the other way round.
func both(stream *relay.Stream, channel *net.UnixConn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(channel, stream)
		_ = channel.Close()
	}()
	_, _ = io.Copy(stream, channel)
	_ = stream.Close()
	<-done
}
