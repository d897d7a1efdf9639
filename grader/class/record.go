package class

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wirelab/grader/check"
	"wirelab/grader/report"
	"wirelab/grader/whole"
)

// The files of a student's results, beside the recordings.
const (
	reportName     = "report.json"
	pageName       = "report.html"
	recordName     = "record.json"
	submissionName = "submission.tar.gz" // what was graded
)

// Record says how a student's results came about. With what lies beside it, it
// repeats the run.
type Record struct {
	Version    int       `json:"version"` // 1
	Student    string    `json:"student"`
	Source     string    `json:"source"` // name of the folder or archive
	Submission string    `json:"submission_sha256"`
	Submitted  time.Time `json:"submitted"` // when the files were last changed
	Kit        string    `json:"kit_sha256"`
	Seed       uint64    `json:"seed"`
	Lab        string    `json:"lab"`
	Exercises  []string  `json:"exercises"`
	SameAs     string    `json:"same_as,omitempty"` // the student whose files are equal, byte for byte: graded once
	Problem    string    `json:"problem,omitempty"` // why nothing could be taken from the submission
	Attempts   int       `json:"attempts"`          // 2: the first one was a fault of the kit's
	Fault      bool      `json:"fault"`             // the kit failed both times: no marks
	Graded     time.Time `json:"graded"`
}

// current tells whether results with this record still stand: they are of the
// same files, kit, seed, lab and exercises, and not a fault.
func (r Record) current(now Record) bool {
	return !r.Fault && r.Submission == now.Submission && r.Kit == now.Kit && r.Seed == now.Seed &&
		r.Lab == now.Lab && r.Problem == now.Problem && slices.Equal(r.Exercises, now.Exercises)
}

// ErrResults is matched where a folder does not hold a student's results.
var ErrResults = errors.New("no results of a student")

// Load reads a student's results. Errors match ErrResults.
func Load(dir string) (Record, check.Report, error) {
	var record Record
	var r check.Report
	err := errors.Join(decode(filepath.Join(dir, recordName), &record), decode(filepath.Join(dir, reportName), &r))
	if err != nil {
		return record, r, fmt.Errorf("%w: %s: %w", ErrResults, dir, err)
	}
	return record, r, nil
}

func decode(path string, into any) error {
	data, err := os.ReadFile(path) //nolint:gosec // the instructor's own file
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// write writes results into dir. The record is last: results without one do
// not count.
func write(dir string, record Record, r check.Report, taken *Taken) error {
	if taken != nil {
		if err := whole.Write(filepath.Join(dir, submissionName), 0o644, taken.Pack); err != nil {
			return err
		}
	}
	err := errors.Join(
		whole.Write(filepath.Join(dir, reportName), 0o644, func(w io.Writer) error { return report.JSON(w, r) }),
		whole.Write(filepath.Join(dir, pageName), 0o644, func(w io.Writer) error { return report.HTML(w, r) }),
	)
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(dir, recordName), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(record)
	})
}

// The names of what is under way in the folder of results.
const (
	unfinished = ".grading-"
	replaced   = ".replaced-"
)

// publish puts a folder of results in the place of the student's last one.
func publish(from, to string) error {
	old := filepath.Join(filepath.Dir(to), replaced+filepath.Base(to))
	if err := os.Rename(to, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the results: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	return os.RemoveAll(old)
}

// sweep clears away what a killed run left. What it was about to replace is put
// back.
func sweep(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		path := filepath.Join(out, e.Name())
		if student, ok := cut(e.Name(), replaced); ok {
			if _, err := os.Lstat(filepath.Join(out, student)); errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, os.Rename(path, filepath.Join(out, student)))
				continue
			}
			errs = append(errs, os.RemoveAll(path))
		}
		if _, ok := cut(e.Name(), unfinished); ok {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	return errors.Join(errs...)
}

func cut(name, prefix string) (string, bool) {
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		return name[len(prefix):], true
	}
	return "", false
}
