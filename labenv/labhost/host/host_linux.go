// Package host plays one host of a lab inside a network namespace: it opens
// the services of a plan, installs the packet filter that drops, rejects and
// loses, and captures the host's interface. Several hosts run in one process,
// each in a namespace of its own.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture"
	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/plan"
)

// Config says what to play and where.
type Config struct {
	// Host is what the host's ports do. Its addresses are on Interface already.
	Host plan.Host
	// Interface is the name of the host's interface, such as "eth0".
	Interface string
	// Namespace is the host's network namespace, which must hold no route out
	// of the lab (see ErrNotIsolated). It is not used after Start returned.
	// netns.None() means the one that the process itself runs in, as in a
	// container; the kit must have made that as well.
	Namespace netns.NsHandle
	// Zone are the hosts that the DNS zone lab.test names. None means those
	// of the usual lab.
	Zone []plan.Host
}

// Host is a host that is being played.
type Host struct {
	config    Config
	capture   *capture.Capture
	clients   *clients
	talks     *talks         // that the host itself began
	namespace netns.NsHandle // where it begins them; a handle of the host's own

	mu      sync.Mutex
	open    []io.Closer // listeners and packet sockets
	running sync.WaitGroup
	close   func() error
}

// Start plays the host. When it returns, its services listen, its filter is
// installed and its capture runs. ctx bounds the start only; Close ends the
// host. The rules and settings that it leaves end with the namespace; where
// that is the process's own, Close takes the rules away.
func Start(ctx context.Context, cfg Config) (*Host, error) {
	own, err := handle(cfg.Namespace)
	if err != nil {
		return nil, fmt.Errorf("play host %q: %w", cfg.Host.Name, err)
	}
	h := &Host{config: cfg, clients: newClients(maxClients), talks: newTalks(), namespace: own}
	h.close = sync.OnceValue(h.stop)
	captured := make(chan error, 1)
	go func() { captured <- h.startCapture() }()
	err = errors.Join(h.startRest(), <-captured, ctx.Err())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("play host %q: %w", cfg.Host.Name, err), h.Close())
	}
	return h, nil
}

// handle returns a handle of one's own to a network namespace.
func handle(ns netns.NsHandle) (netns.NsHandle, error) {
	if !ns.IsOpen() {
		return ns, nil
	}
	fd, err := unix.FcntlInt(uintptr(ns), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return netns.None(), fmt.Errorf("keep the network namespace: %w", err)
	}
	return netns.NsHandle(fd), nil
}

// Capture returns the capture of the host's interface.
func (h *Host) Capture() *capture.Capture { return h.capture }

// Close ends the host: its services, every connection, and the capture. It
// returns when nothing of it runs any more. Closing twice is no error.
func (h *Host) Close() error { return h.close() }

func (h *Host) stop() error {
	h.mu.Lock()
	open := h.open
	h.mu.Unlock()
	errs := make([]error, len(open)+1)
	var all sync.WaitGroup
	for i, c := range open {
		all.Go(func() { errs[i] = c.Close() })
	}
	if h.capture != nil {
		all.Go(func() { errs[len(open)] = h.capture.Close() })
	}
	h.clients.close()
	h.talks.close()
	all.Wait()
	h.running.Wait()
	if !h.config.Namespace.IsOpen() {
		errs = append(errs, removeFilter())
	}
	if h.namespace.IsOpen() {
		errs = append(errs, h.namespace.Close())
	}
	return errors.Join(errs...)
}

// run keeps c for Close, and runs f until it returns: closing c must end it.
func (h *Host) run(c io.Closer, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = append(h.open, c)
	h.running.Go(f)
}

func (h *Host) startCapture() (err error) {
	h.capture, err = capture.Start(h.config.Namespace, h.config.Interface)
	return err
}

// startRest does all but the capture, in the host's namespace, once it is sure
// that this is a lab's.
func (h *Host) startRest() error {
	return nsrun.In(h.config.Namespace, func() error {
		if err := checkIsolated(); err != nil {
			return err
		}
		filtered := make(chan error, 1)
		go func() { filtered <- planFilter(h.config.Host.Ports).install(h.config.Namespace) }()
		return errors.Join(h.serve(), <-filtered)
	})
}

// serve tunes the calling thread's namespace, for listeners depend on it, and
// opens the services.
func (h *Host) serve() error {
	if err := tune(h.config.Interface); err != nil {
		return err
	}
	if err := h.listen(); err != nil {
		return err
	}
	return errors.Join(h.answerICMPv6(), h.forge())
}
