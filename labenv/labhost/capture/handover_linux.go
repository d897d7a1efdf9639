package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Two packet sockets that capture the same interface share its frames out
// between them when they form a fan-out group (packet(7), PACKET_FANOUT): each
// frame goes to one member. A program that returns the number of the member
// chooses. So the early socket begins alone in a group whose program says
// "member 0"; the ring joins as member 1, gets nothing yet, and takes over
// when the program is exchanged for one that says "member 1". The kernel
// exchanges it in one step, and returns once no CPU uses the old one any more:
// from then on the early socket receives nothing.

// newGroup makes the socket the first member of a group with a number of its
// own, and the one that receives.
func newGroup(fd int) error {
	const arg = unix.PACKET_FANOUT_CBPF<<16 | unix.PACKET_FANOUT_FLAG_UNIQUEID<<16
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, arg); err != nil {
		return fmt.Errorf("PACKET_FANOUT: %w", err)
	}
	return choose(fd, 0)
}

// choose makes the group of fd deliver to the given member.
func choose(fd int, member uint32) error {
	if err := always(fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, member); err != nil {
		return fmt.Errorf("PACKET_FANOUT_DATA: %w", err)
	}
	return nil
}

// handover makes late receive what early received until now.
func handover(early, late *socket) error {
	return early.control(func(first int) error {
		group, err := unix.GetsockoptInt(first, unix.SOL_PACKET, unix.PACKET_FANOUT)
		if err != nil {
			return fmt.Errorf("PACKET_FANOUT: %w", err)
		}
		if err := late.control(func(fd int) error { return join(fd, group, early.ifindex) }); err != nil {
			return err
		}
		return choose(first, 1)
	})
}

// join makes fd a member of the group. A member must be bound first, and a
// socket bound outside the group receives every frame: hence the filter that
// lets nothing pass until it is inside. From then on it cuts long frames, so that
// a large transfer does not fill the ring.
func join(fd, group, ifindex int) error {
	if err := pass(fd, 0); err != nil {
		return err
	}
	if err := bind(fd, ifindex); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, group); err != nil {
		return fmt.Errorf("join the fan-out group: %w", err)
	}
	return pass(fd, maxKept)
}

// pass lets no more of each frame through than the first n bytes; of none, for 0.
func pass(fd int, n uint32) error {
	if err := always(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, n); err != nil {
		return fmt.Errorf("SO_ATTACH_FILTER: %w", err)
	}
	return nil
}

// always sets a socket's option to a program that returns n, whatever comes.
func always(fd, level, option int, n uint32) error {
	program, err := Assemble(bpf.RetConstant{Val: n})
	if err != nil {
		return err
	}
	return unix.SetsockoptSockFprog(fd, level, option, program)
}

// Assemble makes of a classic BPF program what setsockopt(2) takes with
// SO_ATTACH_FILTER and the like.
func Assemble(program ...bpf.Instruction) (*unix.SockFprog, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("assemble BPF: %w", err)
	}
	out := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		out[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return &unix.SockFprog{Len: uint16(len(out)), Filter: &out[0]}, nil //nolint:gosec // Assemble bounds the length
}
