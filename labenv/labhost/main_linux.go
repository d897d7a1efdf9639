// Command labhost is every machine of a lab: the hosts that are scanned, the
// network between them, the seat that the scanner sits in, and the sandbox
// around it. It is one static program, so that it can run in namespaces, in a
// container without a file system, and nowhere else: people do not start it,
// the kit does, with a socket on descriptor 3.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"wirelab/labenv/fdrpc"
	"wirelab/labenv/labhost/compile"
	"wirelab/labenv/labhost/container"
	"wirelab/labenv/labhost/network"
	"wirelab/labenv/labhost/practice"
	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/labhost/seat"
	"wirelab/labenv/sandbox"
)

// The main thread cannot end before the process, so nothing that changes a
// thread's namespaces may run on it: main keeps it to itself.
func init() { runtime.LockOSThread() }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "labhost:", err)
		os.Exit(3)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("this program is started by wirelab; see `wirelab lab shell`")
	}
	switch args[0] {
	case protocol.ModeNetwork:
		return serve(network.Run)
	case protocol.ModeSeat:
		return serve(seat.Run)
	case protocol.ModeEnter:
		return enter(args[1:])
	case protocol.ModeCompile:
		return serve(compile.Run)
	case protocol.ModeContain:
		return container.Run(context.Background())
	case protocol.ModePractice:
		return play(args[1:])
	}
	return fmt.Errorf("unknown mode %q", args[0])
}

// serve runs a mode on the socket that descriptor 3 holds.
func serve(mode func(context.Context, *net.UnixConn) error) error {
	// What whoever started the kit left open is not for those that start here.
	if err := unix.CloseRange(protocol.Channel+1, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	conn, err := fdrpc.FileConn(os.NewFile(protocol.Channel, "channel"))
	if err != nil {
		return err
	}
	return mode(context.Background(), conn)
}

// play plays the host of the practice lab that the argument names.
func play(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("mode %s needs the name of a host", protocol.ModePractice)
	}
	return practice.Run(context.Background(), args[0], os.Stdout)
}

func enter(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("mode %s needs its configuration", protocol.ModeEnter)
	}
	var cfg sandbox.Config
	if err := json.Unmarshal([]byte(args[0]), &cfg); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return sandbox.Enter(cfg)
}
