package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/capture/nsrun"
	"wirelab/labenv/labhost/protocol"
)

// seatProcess is the seat's first process.
type seatProcess struct {
	cmd    *exec.Cmd
	socket *os.File // the end that the lab's user calls it on
}

// startSeat starts the seat in namespaces of its own, all of which belong to
// its user namespace: a program with CAP_NET_RAW there has it for the seat's
// network and for nothing else.
func startSeat(kind protocol.SeatKind) (*seatProcess, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("seat: socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "seat"), os.NewFile(uintptr(fds[1]), "seat")
	cmd := exec.Command("/proc/self/exe", protocol.ModeSeat)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = seatAttributes(kind)
	err = errors.Join(cmd.Start(), theirs.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the seat: %w", err), ours.Close())
	}
	return &seatProcess{cmd: cmd, socket: ours}, nil
}

func seatAttributes(kind protocol.SeatKind) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	if !kind.Interactive {
		return attr
	}
	attr.UidMappings, attr.GidMappings = identities(kind.UID, kind.Many), identities(kind.GID, kind.Many)
	attr.GidMappingsEnableSetgroups = kind.Many // tcpdump, started by root, becomes somebody else
	// Only root keeps its capabilities through exec by itself.
	attr.AmbientCaps = []uintptr{
		unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_KILL, unix.CAP_SYS_PTRACE,
		unix.CAP_SYS_RESOURCE, unix.CAP_SETUID, unix.CAP_SETGID,
	}
	return attr
}

// identities maps one id to itself, or all of root's. In the lab's own user
// namespace the user is id 0.
func identities(id int, many bool) []syscall.SysProcIDMap {
	if many {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	}
	return []syscall.SysProcIDMap{{ContainerID: id, HostID: 0, Size: 1}}
}

// namespace returns the seat's network namespace.
func (s *seatProcess) namespace() (netns.NsHandle, error) {
	ns, err := netns.GetFromPid(s.cmd.Process.Pid)
	if err != nil {
		return netns.None(), fmt.Errorf("seat: %w", err)
	}
	return ns, nil
}

// serveSeat answers package labtest in the seat: an abstract Unix socket
// (unix(7)) belongs to a network namespace, so only the seat can call it, and
// it leaves no file.
func (l *lab) serveSeat(s *seatProcess) error {
	ns, err := s.namespace()
	if err != nil {
		return err
	}
	var listener net.Listener
	err = nsrun.In(ns, func() error {
		var err error
		listener, err = net.Listen("unix", protocol.SeatSocket)
		return err
	})
	if err := errors.Join(err, ns.Close()); err != nil {
		return fmt.Errorf("seat: %w", err)
	}
	go l.acceptSeat(listener)
	return nil
}

func (l *lab) acceptSeat(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // the lab ends
		}
		if u, ok := conn.(*net.UnixConn); ok {
			go l.answerSeat(u)
		}
	}
}

func (l *lab) answerSeat(conn *net.UnixConn) {
	// An error ends one caller's conversation, and the caller sees it.
	_ = fdrpc.Serve(context.Background(), conn, map[string]fdrpc.Handler{
		protocol.Captures: l.captures,
		protocol.Describe: func(context.Context, json.RawMessage, []*os.File) (any, []*os.File, error) {
			return l.plan, nil, nil
		},
	})
	_ = conn.Close()
}
