// Command record makes the recordings of testdata/captures anew: it starts a
// lab, scans its target from the seat by connect(2), and keeps what the target
// recorded, with the plan's verdicts beside it. Ports follow from a fixed seed;
// sequence numbers and times are new each time.
//
//	go run ./grader/cmd/record testdata/captures
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wirelab/labenv/netns"
	"wirelab/labenv/plan"
	"wirelab/testdata/captures"
)

// inSeat has the command scan instead: it was started in a seat.
const inSeat = "scan"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		if errors.Is(err, errUsage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// errUsage is a call that names no folder.
var errUsage = errors.New("into which folder? go run ./grader/cmd/record testdata/captures")

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 1 && args[0] == inSeat:
		return scan(ctx, args[1:])
	case len(args) == 1:
		return record(ctx, args[0])
	}
	return errUsage
}

// record makes all recordings, and writes them when all are made.
func record(ctx context.Context, folder string) error {
	var all []captures.Recording
	for i, kind := range []string{"connect4", "connect6"} {
		made, err := recordLab(ctx, kind, uint64(i))
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		all = append(all, made...)
	}
	index, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	for _, r := range append(all, captures.Recording{Name: captures.Index, Data: append(index, '\n')}) {
		if err := replace(filepath.Join(folder, r.Name), r.Data); err != nil {
			return err
		}
		fmt.Println(filepath.Join(folder, r.Name))
	}
	return nil
}

// replace writes a file whole, or not at all.
func replace(path string, data []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, 0o600); err != nil { //nolint:gosec // whoever records chooses the folder
		return err
	}
	if err := os.Chmod(temporary, 0o644); err != nil { //nolint:gosec // it is for everybody to read
		return err
	}
	return os.Rename(temporary, path) //nolint:gosec // likewise
}

// draw draws ports of every behaviour.
func draw(seed uint64) *plan.Draft {
	d := plan.New(seed)
	for _, b := range []plan.Behaviour{plan.Echo, plan.Greeting, plan.AcceptClose, plan.AcceptReset, plan.Closed, plan.Reset, plan.Drop} {
		d.Ports(2, b)
	}
	for _, code := range []uint8{0, 1, 3, 13} {
		d.Port(plan.ICMP, plan.WithCode(code))
	}
	return d
}

// recordLab scans one lab, over IPv6 if kind says so.
func recordLab(ctx context.Context, kind string, seed uint64) (all []captures.Recording, err error) {
	p := draw(seed).Plan()
	shell, err := netns.OpenShell(ctx, netns.Config{Labhost: "bin/labhost"}, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shell.Close()) }()
	host, scanner := p.Target.Addr, p.Seat.Addr
	if strings.HasSuffix(kind, "6") {
		host, scanner = p.Target.Addr6, p.Seat.Addr6
	}
	addresses := []string{inSeat}
	for _, q := range p.Target.Ports {
		addresses = append(addresses, netip.AddrPortFrom(host, q.Number).String())
	}
	if err := inShell(ctx, shell, addresses); err != nil {
		return nil, err
	}
	raw, err := shell.Captures(ctx)
	if err != nil {
		return nil, err
	}
	return keep(kind, raw, p.Target.Ports, scanner)
}

// inShell starts this very command in the seat.
func inShell(ctx context.Context, shell *netns.Shell, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exit, err := shell.Run(ctx, netns.Command{Path: self, Args: append([]string{"record"}, args...), Dir: dir, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	if err == nil && (exit.Code != 0 || exit.Signal != 0) {
		err = fmt.Errorf("the scan ended with %+v", exit)
	}
	return err
}

// scan connects to all addresses at once. Whether they answer, the recording tells.
func scan(ctx context.Context, addresses []string) error {
	const timeout = 300 * time.Millisecond // below a second the kernel sends one SYN (tcp(7))
	var wait sync.WaitGroup
	for _, a := range addresses {
		wait.Go(func() {
			conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", a)
			if err != nil {
				return // it is what is recorded
			}
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		})
	}
	wait.Wait()
	return nil
}
