package sandbox

import (
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (seccomp(2)). Arguments are 64 bits wide; the
// filter looks at their low halves, where all the flags that it judges are.
const (
	offNumber = 0
	offArch   = 4
	offArg0   = 16
)

func argument(n uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: offArg0 + 8*n, Size: 4} }

var (
	allow  = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	notify = bpf.RetConstant{Val: unix.SECCOMP_RET_USER_NOTIF}
)

// rule judges one system call: instructions that end in a return.
type rule struct {
	number uint32
	body   []bpf.Instruction
}

// when returns a rule's body: allow if the argument, masked, equals want.
func when(arg, mask, want uint32) []bpf.Instruction {
	return []bpf.Instruction{
		argument(arg),
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: want, SkipFalse: 1},
		allow, notify,
	}
}

// socketRule allows TCP and UDP over IPv4 and IPv6 and, with raw, what a
// program with CAP_NET_RAW is given that for: packet and raw sockets, and
// netlink to look interfaces up. Without raw the protocol is looked at as well:
// to ask for a rare one is enough to have the kernel load its module.
func socketRule(raw bool) []bpf.Instruction {
	if raw {
		return []bpf.Instruction{
			argument(0),
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET, SkipTrue: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET6, SkipTrue: 3},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_PACKET, SkipTrue: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_NETLINK, SkipTrue: 1},
			notify,
			allow,
		}
	}
	return []bpf.Instruction{
		argument(0),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET6, SkipTrue: 1},
		notify,
		argument(1),
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf}, // the rest are SOCK_NONBLOCK and SOCK_CLOEXEC
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_STREAM, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_DGRAM, SkipTrue: 1},
		notify,
		argument(2),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_MPTCP, SkipTrue: 1}, // net.Listen's first choice
		notify,
		allow,
	}
}

// options that are refused. The memory of packet rings counts against no limit.
// The others let a socket use an address that is not the seat's: over IPv6 that
// is enough to send under a false name, without any capability (ipv6(7)).
var options = []struct {
	level, option uint32
	name          string
}{
	{unix.SOL_PACKET, unix.PACKET_RX_RING, "packet ring"},
	{unix.SOL_PACKET, unix.PACKET_TX_RING, "packet ring"},
	{unix.SOL_IP, unix.IP_FREEBIND, "IP_FREEBIND"},
	{unix.SOL_IP, unix.IP_TRANSPARENT, "IP_TRANSPARENT"},
	{unix.SOL_IPV6, unix.IPV6_FREEBIND, "IPV6_FREEBIND"},
	{unix.SOL_IPV6, unix.IPV6_TRANSPARENT, "IPV6_TRANSPARENT"},
}

// setsockoptRule refuses those options, and takes the wish for longer queues
// without fulfilling it, as the kernel may (socket(7)): queues count against no
// limit of the program's, and its own bounds are generous on some machines.
func setsockoptRule() []bpf.Instruction {
	ignore := bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO} // errno 0: done
	body := slices.Concat(
		onOption(unix.SOL_SOCKET, unix.SO_RCVBUF, ignore),
		onOption(unix.SOL_SOCKET, unix.SO_SNDBUF, ignore),
	)
	for _, o := range options {
		body = append(body, onOption(o.level, o.option, notify)...)
	}
	return append(body, allow)
}

// onOption ends in answer where the option is set, and goes on otherwise.
func onOption(level, option uint32, answer bpf.RetConstant) []bpf.Instruction {
	return []bpf.Instruction{
		argument(1),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: level, SkipTrue: 3},
		argument(2),
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: option, SkipTrue: 1},
		answer,
	}
}

// ioctlRule allows to ask whether a descriptor is a terminal, and how large
// (ioctl_tty(2)), and with raw for the names and flags of interfaces
// (netdevice(7)).
func ioctlRule(raw bool) []bpf.Instruction {
	body := []bpf.Instruction{
		argument(1),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.TCGETS, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.TIOCGWINSZ, SkipTrue: 1},
		bpf.Jump{Skip: 1},
		allow,
	}
	if raw {
		return append(body, when(1, 0xff00, 0x8900)...)
	}
	return append(body, notify)
}

// ownThreads allows signals to threads of the process pid: Go's runtime sends
// some. 0 is any process: in a PID namespace of its own a program finds no other.
func ownThreads(pid uint32) []bpf.Instruction {
	if pid == 0 {
		return []bpf.Instruction{allow}
	}
	return when(0, ^uint32(0), pid)
}

// conditional are the system calls that are allowed in some forms only.
func conditional(raw bool, pid uint32) []rule {
	const threads = unix.CLONE_VM | unix.CLONE_THREAD
	return []rule{
		{unix.SYS_TGKILL, ownThreads(pid)},
		{unix.SYS_CLONE, when(0, threads, threads)},
		// glibc's and Go's answer to ENOSYS is plain clone, whose flags can be read.
		{unix.SYS_CLONE3, []bpf.Instruction{bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}}},
		// So is Go's to EINVAL: it copies by hand. Neither moves data that read
		// and write could not, but both have a history of holes.
		{unix.SYS_SPLICE, []bpf.Instruction{bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)}}},
		{unix.SYS_SENDFILE, []bpf.Instruction{bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)}}},
		// Shared and huge pages count against no limit, and what grows downwards
		// not against RLIMIT_DATA (getrlimit(2)).
		{unix.SYS_MMAP, when(3, unix.MAP_SHARED|unix.MAP_HUGETLB|unix.MAP_GROWSDOWN, 0)},
		{unix.SYS_PRCTL, when(0, ^uint32(0), unix.PR_SET_VMA)}, // Go's runtime names its memory
		{unix.SYS_SOCKET, socketRule(raw)},
		{unix.SYS_SETSOCKOPT, setsockoptRule()},
		{unix.SYS_IOCTL, ioctlRule(raw)},
	}
}

// filter assembles the allow-list. What it does not allow is put to the
// watcher (SECCOMP_RET_USER_NOTIF), who refuses and remembers.
func filter(cfg Config, pid uint32) ([]unix.SockFilter, error) {
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
	}
	for _, n := range append(commonCalls, archCalls...) {
		if _, asked := statCalls[int32(n)]; asked && cfg.Files { //nolint:gosec // a system call's number
			continue // of these files the watcher tells
		}
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: n, SkipTrue: 1}, allow)
	}
	for _, r := range conditional(cfg.NetRaw, pid) {
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: r.number, SkipTrue: uint8(len(r.body))}) //nolint:gosec // rules are short
		prog = append(prog, r.body...)
	}
	prog = append(prog, notify)
	return assemble(prog)
}

func assemble(prog []bpf.Instruction) ([]unix.SockFilter, error) {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return nil, fmt.Errorf("assemble: %w", err)
	}
	out := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		out[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return out, nil
}

// filterSystemCalls installs the filter on this thread and returns its
// listener.
func filterSystemCalls(cfg Config) (int, error) {
	var pid uint32
	if cfg.Contained {
		pid = uint32(unix.Getpid()) //nolint:gosec // exec keeps it
	}
	f, err := filter(cfg, pid)
	if err != nil {
		return 0, err
	}
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]} //nolint:gosec // some hundred instructions
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return 0, fmt.Errorf("install the filter: %w", errno)
	}
	return int(listener), nil
}
