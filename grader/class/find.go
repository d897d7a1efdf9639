package class

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is one student's submission, as it was handed in.
type Entry struct {
	Student string // the folder's name, or the archive's without its ending
	Path    string

	modified time.Time // known once it has been read
}

// archives are the endings of submissions that are one file.
var archives = []string{".zip", ".tar.gz", ".tgz", ".tar"}

// ErrSubmissions is matched where the folder of submissions is not as it has
// to be. The error says what to do.
var ErrSubmissions = errors.New("the submissions")

// Find lists the submissions in dir, sorted by student: each is a folder or an
// archive. ignored are the names of other files; names that begin with a dot are
// passed over. Errors match ErrSubmissions.
func Find(dir string) (entries []Entry, ignored []string, err error) {
	listed, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%w: there is no folder %s", ErrSubmissions, dir)
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w; name the folder that holds one folder or archive for each student", ErrSubmissions, err)
	}
	of := map[string]string{}
	for _, e := range listed {
		student, ok := studentOf(e)
		switch {
		case strings.HasPrefix(e.Name(), "."):
			continue
		case !ok:
			ignored = append(ignored, e.Name())
			continue
		case of[student] != "":
			return nil, nil, fmt.Errorf("%w: %s and %s are both of %q; leave one of them there", ErrSubmissions, of[student], e.Name(), student)
		case slices.Contains(reserved, student):
			return nil, nil, fmt.Errorf("%w: no student can be called %q, which is a file of the results; rename it", ErrSubmissions, student)
		}
		of[student] = e.Name()
		entries = append(entries, Entry{Student: student, Path: filepath.Join(dir, e.Name())})
	}
	if len(entries) == 0 {
		return nil, nil, fmt.Errorf("%w: %s holds no folder and no archive (%s)", ErrSubmissions, dir, strings.Join(archives, ", "))
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Student, b.Student) })
	return entries, ignored, nil
}

// studentOf returns whose submission an entry is. A link is one as well, and is
// refused when it is read.
func studentOf(e fs.DirEntry) (string, bool) {
	if ending := endingOf(e.Name()); ending != "" && !e.IsDir() {
		student := e.Name()[:len(e.Name())-len(ending)]
		return student, student != ""
	}
	return e.Name(), e.IsDir() || e.Type()&fs.ModeSymlink != 0
}

// endingOf returns the ending that makes a name an archive's; "" if none does.
func endingOf(name string) string {
	for _, ending := range archives {
		if len(name) >= len(ending) && strings.EqualFold(name[len(name)-len(ending):], ending) {
			return ending
		}
	}
	return ""
}
