// Package capture records every frame of one network interface in memory, as
// a pcapng recording that package wire reads.
//
// The kernel hands frames over through a ring of shared memory (packet(7),
// PACKET_RX_RING, TPACKET_V3): the queue of an ordinary packet socket holds
// some 500 frames, and only the machine's own root may lengthen it, whereas a
// ring of 8 MiB holds some 50,000. Version 3 of the ring, rather than 2, since
// its frames lie packed: version 2 gives each a slot of fixed size, which for
// 8 MiB is 4,000 frames, or frames cut short. What it costs is that the reader
// hears of a frame at the end of its block, 1 ms later at most on kernels that
// time it by hrtimer (0.9 ms measured), and two ticks later on older ones.
//
// Of a frame the ring keeps 2 KiB: any Ethernet frame is whole, and of the large
// ones that segmentation offload makes, all headers. Its length is kept as well.
//
// To make a ring takes the kernel 8 ms, for it waits until every CPU has left
// the code that delivers packets. So a capture begins with an ordinary socket,
// which is there at once, and hands over to the ring when that is ready; see
// handover. No frame is lost or doubled in between.
package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/capture/nsrun"
)

// Capture is a running capture. Its methods may be called from several
// goroutines.
type Capture struct {
	store *store
	early *socket // what frames come from until the ring takes over
	ring  *ring   // what they come from then

	// settled is closed once the ring has taken over, or has failed to.
	settled chan struct{}
	ringErr error // why there is no ring; read it after settled
	done    sync.WaitGroup
	close   func() error
}

// Start captures the interface ifname of the network namespace ns
// (netns.None(): the caller's own). When it returns, whatever the interface
// sends or receives is recorded. It needs CAP_NET_RAW there. The handle ns is
// not used after it returned.
func Start(ns netns.NsHandle, ifname string) (*Capture, error) {
	c := &Capture{store: newStore(maxRecording), settled: make(chan struct{})}
	c.close = sync.OnceValue(c.stop)
	err := nsrun.In(ns, func() (err error) {
		if c.early, err = newSocket("capture"); err != nil {
			return err
		}
		if c.ring, err = newRing(); err != nil {
			return err
		}
		return c.early.captureFrom(ifname)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("capture %s: %w", ifname, err), c.early.close(), c.ring.close())
	}
	c.done.Go(c.settle)
	c.done.Go(c.read)
	return c, nil
}

// settle makes the ring and hands over to it, while read already reads.
func (c *Capture) settle() {
	defer close(c.settled)
	if err := c.ring.allocate(); err != nil {
		c.ringErr = err
		return
	}
	c.ringErr = handover(c.early, c.ring.socket)
	if c.ringErr == nil {
		c.early.interrupt()
	}
}

// read records what comes, first from the early socket until the handover
// interrupts it and it is empty, then from the ring, until either is closed.
func (c *Capture) read() {
	err := c.early.receive(c.store.add)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.store.fail(err)
		return
	}
	c.store.fail(c.early.drain(c.store.add))
	c.done.Go(func() { c.store.fail(c.early.close()) })
	c.store.fail(c.ring.receive(c.store.addAll))
}

// AwaitRing waits until the ring has taken over: before that a burst of frames
// can be too much. The error is that of ctx, or says why there is no ring.
func (c *Capture) AwaitRing(ctx context.Context) error {
	select {
	case <-c.settled:
		return c.ringErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Mark sends one synchronisation frame to dst from each CPU that this process
// may run on, and returns how many those are. Frames between namespaces wait
// in queues that belong to a CPU each: behind every frame that had been sent
// when Mark was called, whatever CPU it was sent from, comes one of these.
func (c *Capture) Mark(dst net.HardwareAddr, nonce uint64) (int, error) {
	<-c.settled
	out := c.ring.socket
	if c.ringErr != nil {
		out = c.early
	}
	frame := syncFrame(c.early.mac, dst, nonce)
	var n int
	err := nsrun.Throwaway(func() (err error) {
		n, err = onEachCPU(func() error { return out.send(frame, c.early.ifindex) })
		return err
	})
	if err != nil {
		return n, fmt.Errorf("send a synchronisation frame: %w", err)
	}
	return n, nil
}

// onEachCPU calls f on every CPU that the calling thread may run on, and counts
// them. It leaves the thread bound to the last one.
func onEachCPU(f func() error) (n int, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return 0, fmt.Errorf("sched_getaffinity: %w", err)
	}
	for cpu := 0; n < all.Count(); cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		var one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			return n, fmt.Errorf("sched_setaffinity to CPU %d: %w", cpu, err)
		}
		if err := f(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Await waits until n synchronisation frames with the nonce, sent to this host
// by another, are in the recording. They may have come before the call. The
// error matches that of ctx, or says why the capture ended.
func (c *Capture) Await(ctx context.Context, nonce uint64, n int) error {
	return c.store.await(ctx, nonce, n)
}

// Snapshot returns the recording so far; nobody may change its bytes. It is
// incomplete where the bound of 64 MiB was reached or the kernel had no room
// for frames, and why says so. An error means that the recording failed.
func (c *Capture) Snapshot() (pcapng []byte, complete bool, why string, err error) {
	pcapng, missing, err := c.store.snapshot()
	if err != nil {
		return nil, false, "", err
	}
	dropped, err := c.dropped()
	switch {
	case err != nil:
		return nil, false, "", fmt.Errorf("statistics of the capture: %w", err)
	case missing > 0:
		return pcapng, false, fmt.Sprintf("the recording is full (%d MiB): %d frames are missing", maxRecording>>20, missing), nil
	case dropped > 0:
		return pcapng, false, fmt.Sprintf("the kernel dropped %d frames for want of room", dropped), nil
	}
	return pcapng, true, "", nil
}

func (c *Capture) dropped() (uint64, error) {
	early, err := c.early.dropped()
	if err != nil {
		return 0, err
	}
	late, err := c.ring.socket.dropped()
	return early + late, err
}

// Close ends the capture and returns when nothing of it runs any more. The
// recording can no longer be had then. Closing twice is no error.
func (c *Capture) Close() error { return c.close() }

func (c *Capture) stop() error {
	<-c.settled // the ring cannot be freed while the kernel makes it
	c.store.fail(ErrClosed)
	errs := make([]error, 2)
	var both sync.WaitGroup // each takes the kernel some 20 ms
	both.Go(func() { errs[0] = c.early.close() })
	both.Go(func() { errs[1] = c.ring.close() })
	both.Wait()
	c.done.Wait()
	return errors.Join(append(errs, c.ring.unmap())...)
}

// ErrClosed is matched by the errors of a capture that was closed.
var ErrClosed = errors.New("the capture is closed")
