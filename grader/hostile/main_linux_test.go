package hostile_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain runs the tests and then looks for what they left: no attack, and no
// control, may leave a process, a namespace or a file.
func TestMain(m *testing.M) { os.Exit(run(m)) }

// sideBySide is how many tests run at once: most of them wait most of the time.
const sideBySide = "4"

func run(m *testing.M) int {
	flag.Parse()
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		return 1
	}
	status := m.Run()
	left := leftovers()
	if err := os.RemoveAll(folder); err != nil {
		left = append(left, err.Error())
	}
	if len(left) > 0 {
		fmt.Fprintln(os.Stderr, "FAIL: the tests left", strings.Join(left, "; "))
		return 1
	}
	return status
}

// prepare sees to it that whatever is left can be found: files go to a folder
// of the tests' own, and orphans become children of this process (prctl(2)).
func prepare() error {
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	var err error
	if folder, err = os.MkdirTemp("", "hostile-"); err != nil {
		return err
	}
	// Whoever the attacks run as, here they could write if they got here.
	if err := os.Chmod(folder, 0o777); err != nil {
		return err
	}
	return errors.Join(os.Setenv("TMPDIR", folder), os.Setenv(secret, "do not tell"))
}

// leftovers lists what is left. A namespace lives as long as a process in it, a
// descriptor of it, or a mount of it.
func leftovers() []string {
	var left []string
	files, _ := filepath.Glob(filepath.Join(folder, "*")) // the pattern is sound
	for _, f := range files {
		if filepath.Base(f) != "labhost" {
			left = append(left, "the file "+f)
		}
	}
	for _, pid := range children() {
		cmd, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // for the message only
		left = append(left, fmt.Sprintf("the process %d (%q)", pid, cmd))
	}
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && namespace.MatchString(to) {
			left = append(left, "the descriptor of "+to)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, " - nsfs ") && !strings.Contains(line, "/run/docker/netns/") { // an engine's own
			left = append(left, "the mount of a namespace: "+line)
		}
	}
	if err != nil {
		left = append(left, fmt.Sprintf("mounts that cannot be read (%v)", err))
	}
	return left
}

var namespace = regexp.MustCompile(`^(cgroup|ipc|mnt|net|pid|time|user|uts):\[`)

// children returns the processes whose parent this is, the dead among them
// (proc_pid_stat(5)).
func children() []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var pids []int
	for _, path := range stats {
		data, err := os.ReadFile(path)
		_, rest, ok := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if err != nil || !ok || len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
