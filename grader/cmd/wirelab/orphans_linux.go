package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"wirelab/labenv/labhost/protocol"
)

// endOrphans ends the user's labs that have lost their kit, and counts them.
func endOrphans(c console) (int, error) {
	orphans, err := orphanedLabs()
	if err != nil {
		return 0, err
	}
	ended := 0
	for _, pid := range orphans {
		err := syscall.Kill(pid, syscall.SIGKILL)
		switch {
		case errors.Is(err, syscall.ESRCH), errors.Is(err, syscall.EPERM):
			continue // gone by itself, or another user's
		case err != nil:
			return ended, fmt.Errorf("end the lab of process %d: %w", pid, err)
		}
		ended++
		fmt.Fprintln(c.out, "ended the lab of process", pid)
	}
	return ended, nil
}

// orphanedLabs returns the labs that have lost their kit.
func orphanedLabs() ([]int, error) {
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && isLab(name) && parentOf(pid) == 1 {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// isLab recognises the first process of a lab or of a compiler's sandbox by
// how package launch starts it.
func isLab(cmdline string) bool {
	data, err := os.ReadFile(cmdline) //nolint:gosec // a path of /proc
	if err != nil {
		return false
	}
	args := bytes.Split(bytes.TrimRight(data, "\x00"), []byte{0})
	if len(args) != 2 || !strings.HasPrefix(string(args[0]), "/proc/self/fd/") {
		return false
	}
	mode := string(args[1])
	return mode == protocol.ModeNetwork || mode == protocol.ModeCompile
}

// parentOf returns the parent of a process, 0 where it is gone.
func parentOf(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "\nPPid:\t")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	return n
}
