// Package nsrun runs functions in another network namespace, or on an operating
// system thread that may be bent in other ways, without ever handing a bent
// thread back to the Go scheduler. Sockets opened so stay in their namespace
// and can be used from any goroutine afterwards.
package nsrun

import (
	"fmt"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// In runs f in the network namespace ns and returns its error. With
// netns.None() it runs f where the caller is. What f opens with /proc/sys/net
// or /proc/thread-self/net belongs to ns too.
func In(ns netns.NsHandle, f func() error) error {
	if !ns.IsOpen() {
		return f()
	}
	return Throwaway(func() error {
		if err := unix.Setns(int(ns), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network namespace (setns): %w", err)
		}
		return f()
	})
}

// Throwaway runs f on an operating system thread of its own, which ends with
// f: whatever f did to the thread (its namespace, its CPUs) ends with it.
func Throwaway(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread cannot end before the process: keep it busy
			// here, unbent, while another thread does the work.
			defer runtime.UnlockOSThread()
			done <- Throwaway(f)
			return
		}
		done <- f()
	}()
	return <-done
}
