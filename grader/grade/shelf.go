package grade

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// shelf stores the recordings of one exercise's run: under temporary names
// first, under their own when the run is over, so that the folder always holds
// the last complete run.
type shelf struct {
	reports, exercise string
	temporary         string
}

func newShelf(reports, exercise string) *shelf {
	return &shelf{reports: reports, exercise: exercise, temporary: fmt.Sprintf("%s%s.%d", unfinished, exercise, os.Getpid())}
}

// unfinished begins the names of folders whose run is not over.
const unfinished = ".run-"

// Sweep removes what runs that were killed left in the reports folder, and
// returns the names. Folders of runs that still go on stay.
func Sweep(reports string) ([]string, error) {
	dirs, err := filepath.Glob(filepath.Join(reports, unfinished+"*"))
	if err != nil {
		return nil, err
	}
	var swept []string
	var errs []error
	for _, dir := range dirs {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(dir), "."))
		if err == nil && running(pid) {
			continue
		}
		errs = append(errs, os.RemoveAll(dir))
		swept = append(swept, dir)
	}
	return swept, errors.Join(errs...)
}

// running tells whether a process exists (kill(2), signal 0).
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}

// keep stores one recording and returns the name that it will have, below the
// reports folder.
func (s *shelf) keep(check string, pcapng []byte) (string, error) {
	dir := filepath.Join(s.reports, s.temporary)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := check + ".pcapng"
	if err := os.WriteFile(filepath.Join(dir, name), pcapng, 0o644); err != nil { //nolint:gosec // for the learner to read
		return "", err
	}
	return path.Join(s.exercise, name), nil
}

// end publishes the recordings of a run that is over, and throws away those of
// one that err ended. It returns err, or what went wrong here.
func (s *shelf) end(err error) error {
	if err == nil {
		return s.publish()
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(s.reports, s.temporary)))
}

// publish puts the run's recordings in the place of the last run's.
func (s *shelf) publish() error {
	from, to := filepath.Join(s.reports, s.temporary), filepath.Join(s.reports, s.exercise)
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil // no check recorded anything
	}
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("make room for the recordings: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("keep the recordings: %w", err)
	}
	return nil
}
