package compile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/protocol"
)

// watchEvery is how often memory and CPU time are looked at.
const watchEvery = 50 * time.Millisecond

// watch kills every process but its own when together they use more memory
// than they may, or one of them more CPU time. It returns which it was; done
// ends it.
func watch(l protocol.BuildLimits, command *os.Process, done <-chan struct{}) excess {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return excess{}
		case <-tick.C:
			memory, cpu := usage()
			if over := (excess{memory: memory > l.Memory, cpu: cpu > l.CPU}); over != (excess{}) {
				_ = killAll(command) // it may have ended meanwhile
				return over
			}
		}
	}
}

// killAll kills every process but its own. The first process of a PID
// namespace reaches all others, and is itself left out (kill(2), -1).
func killAll(command *os.Process) error {
	return errors.Join(unix.Kill(-1, unix.SIGKILL), command.Kill())
}

// usage adds up the resident memory of all processes here, in bytes, and
// returns the most CPU time that one of them has used.
func usage() (memory int64, cpu time.Duration) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, 0
	}
	for _, dir := range dirs {
		memory += number(fields(dir+"/statm"), 1) * int64(os.Getpagesize())
		stat := fields(dir + "/stat")
		// User and system time in ticks of 10 ms (proc_pid_stat(5)).
		cpu = max(cpu, time.Duration(number(stat, 13)+number(stat, 14))*10*time.Millisecond)
	}
	return memory, cpu
}

// fields splits a file of /proc at blanks; a process's name counts as one
// field. A process that has ended has none.
func fields(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	if i := bytes.LastIndexByte(data, ')'); i >= 0 {
		data = append([]byte("pid name"), data[i+1:]...)
	}
	return strings.Fields(string(data))
}

func number(fields []string, i int) int64 {
	if i >= len(fields) {
		return 0
	}
	n, err := strconv.ParseInt(fields[i], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
