package docker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/labhost/relay"
	"wirelab/labenv/labhost/tail"
)

// member is one container of a room.
type member struct {
	*relay.Session
	engine *engine
	id     string
	pid    int // of its first process, as its PID namespace numbers it
	said   *tail.Tail
}

// role is what a container may do.
type role struct {
	name    string
	user    string // "" is root of the container
	caps    []string
	network string // container's id, "" for a network of its own
	pids    string // container's id, "" for PIDs of its own
	sysctls map[string]string
	bounds  container.Resources
}

const mebibyte = 1 << 20

// bounds of a container that runs nothing but labhost. A recording takes up to
// 64 MiB, twice while it is copied.
func hostBounds() container.Resources { return bounds(512*mebibyte, 512) }

// seatBounds hold the programs of one submission, each of which has narrower
// bounds of its own.
func seatBounds() container.Resources { return bounds(2048*mebibyte, 2048) }

func bounds(memory, pids int64) container.Resources {
	return container.Resources{Memory: memory, MemorySwap: memory, PidsLimit: &pids, NanoCPUs: 2e9}
}

// networkSysctls are those that every network of a lab needs.
func networkSysctls(more map[string]string) map[string]string {
	all := map[string]string{
		"net.ipv6.conf.all.disable_ipv6":             "0",
		"net.ipv6.conf.default.disable_ipv6":         "0",
		"net.ipv6.conf.default.accept_ra":            "0",
		"net.ipv6.conf.default.accept_dad":           "0",
		"net.ipv6.conf.default.router_solicitations": "0",
		"net.ipv4.ip_unprivileged_port_start":        "0", // hosts have services on low ports
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// hostSysctls are a host's, seatSysctls the seat's.
func hostSysctls() map[string]string {
	all := map[string]string{}
	for _, s := range protocol.HostSettings {
		all["net."+strings.ReplaceAll(s.Name, "/", ".")] = s.Value
	}
	return networkSysctls(all)
}

func seatSysctls() map[string]string {
	all := map[string]string{}
	for name, value := range protocol.SeatQueues {
		all["net.ipv4."+name] = value
	}
	return networkSysctls(all)
}

// nobody returns a user id that no other seat has: a limit on threads counts
// all of a user's, wherever they run.
func nobody() string {
	id := strconv.Itoa(10_000 + rand.IntN(50_000)) //nolint:gosec // nothing secret
	return id + ":" + id
}

// start starts a container.
func (e *engine) start(ctx context.Context, r role) (_ *member, err error) {
	c, err := e.provider.CreateContainer(ctx, testcontainers.ContainerRequest{
		Image: e.image, Labels: labels(),
		ConfigModifier:     func(c *container.Config) { configure(c, r) },
		HostConfigModifier: func(h *container.HostConfig) { confine(h, r) },
	})
	if err != nil {
		return nil, fmt.Errorf("make the container of the %s: %w", r.name, err)
	}
	m := &member{engine: e, id: c.GetContainerID(), said: &tail.Tail{}}
	defer func() {
		if err != nil {
			err = errors.Join(m.explain(fmt.Errorf("start the container of the %s: %w", r.name, err)), m.close())
		}
	}()
	attached, err := e.provider.Client().ContainerAttach(ctx, m.id, client.ContainerAttachOptions{
		Stream: true, Stdin: true, Stdout: true, Stderr: true,
	})
	if err != nil {
		return nil, err
	}
	if m.Session, err = relay.Dial(m.stdio(attached.Conn, attached.Reader)); err != nil {
		return nil, err
	}
	if _, err = e.provider.Client().ContainerStart(ctx, m.id, client.ContainerStartOptions{}); err != nil {
		return nil, err
	}
	var hello relay.HelloReply
	if err = m.Do(ctx, relay.Hello, nil, &hello); err != nil {
		return nil, err
	}
	m.pid = hello.PID
	return m, nil
}

// configure has the container talk over standard input and output, and end
// with the connection to it.
func configure(c *container.Config, r role) {
	c.OpenStdin, c.StdinOnce = true, true
	c.AttachStdin, c.AttachStdout, c.AttachStderr = true, true, true
	c.User = r.user
}

// confine takes everything from the container that its role does not need.
func confine(h *container.HostConfig, r role) {
	h.AutoRemove = true
	h.LogConfig = container.LogConfig{Type: "none"} // recordings are nothing to keep twice
	h.ReadonlyRootfs = true
	h.CapDrop, h.CapAdd = []string{"ALL"}, r.caps
	h.SecurityOpt = []string{"no-new-privileges"}
	h.NetworkMode, h.Sysctls = "none", r.sysctls
	if r.network != "" {
		h.NetworkMode = container.NetworkMode("container:" + r.network)
	}
	if r.pids != "" {
		h.PidMode = container.PidMode("container:" + r.pids)
	}
	h.IpcMode, h.Resources = "private", r.bounds
}

// stdio is the container's standard input and output as one stream.
func (m *member) stdio(conn net.Conn, from *bufio.Reader) io.ReadWriteCloser {
	r, w := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(w, m.said, from)
		w.CloseWithError(errors.Join(io.EOF, err))
	}()
	return stdio{r, conn}
}

type stdio struct {
	*io.PipeReader
	conn net.Conn
}

// Write writes to the container's standard input.
func (s stdio) Write(p []byte) (int, error) { return s.conn.Write(p) }

// Close ends both.
func (s stdio) Close() error { return errors.Join(s.conn.Close(), s.PipeReader.Close()) }

// explain adds what the container printed to an error.
func (m *member) explain(err error) error {
	if said := m.said.String(); said != "" {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return err
}

// removeTimeout bounds the removal of a container.
const removeTimeout = 30 * time.Second

// close removes the container.
func (m *member) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	err := remove(ctx, m.engine.provider.Client(), m.id)
	if m.Session != nil {
		_ = m.Close() // the other end is gone
	}
	return err
}
