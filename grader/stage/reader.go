package stage

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"wirelab/grader/exercise"
	"wirelab/grader/untrusted"
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+\.go$`)

// foreign are the endings of files that the go command would compile or link
// beside Go source, in lower case (`go help c`, go/build.Package). An assembly
// file even switches the compiler's own safeguards off.
var foreign = []string{
	".s", ".sx", ".syso", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx",
	".f", ".for", ".f90", ".swig", ".swigcxx",
}

// reader sorts the entries of one folder into files, notes and problems.
type reader struct {
	manifest exercise.Manifest
	folder   place
	name     string // of the folder, as shown
	contract []byte // the kit's

	found    map[string][]byte
	seen     map[string]bool // sources in the folder, also those left out
	notes    []string
	problems []Problem
}

// isSource tells which files of a folder are the learner's own: Go source, and
// what the exercise asks for besides.
func isSource(m exercise.Manifest, name string) bool {
	return slices.Contains(m.Data, name) || strings.HasSuffix(name, ".go") && !ignoredByGo(name) && name != contractName &&
		(m.GradesTests() || !strings.HasSuffix(name, "_test.go"))
}

// ignoredByGo tells the names that the go command passes over.
func ignoredByGo(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func (r *reader) note(format string, args ...any) {
	r.notes = append(r.notes, printable(fmt.Sprintf(format, args...)))
}

func (r *reader) problem(file, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: file, Text: fmt.Sprintf(format, args...)})
}

// read reads the folder. The error is a *RefusedError with every problem.
func (r *reader) read() error {
	entries, err := r.folder.Entries(".")
	if errors.Is(err, untrusted.ErrTooLarge) {
		return refuseFolder(r.name, "holds more than %d files; hand in those of the exercise.", untrusted.MaxEntries)
	}
	if err != nil {
		return refuseFolder(r.name, "cannot be read: %v.", untrusted.Cause(err))
	}
	var sources []string
	for _, entry := range entries {
		if r.entry(entry) {
			sources = append(sources, entry.Name())
		}
	}
	r.sources(sources)
	if len(r.problems) > 0 {
		return refuse(r.problems...)
	}
	return nil
}

// entry deals with all that is no source of the learner's, and tells whether
// this is one.
func (r *reader) entry(entry fs.DirEntry) bool {
	name := entry.Name()
	switch {
	case ignoredByGo(name):
		if strings.HasPrefix(name, "_") && path.Ext(name) == ".go" {
			r.note("%s is not compiled: Go passes over names that begin with _", name)
		}
	case entry.Type()&fs.ModeSymlink != 0:
		r.problem(name, "is a symbolic link; put the file itself here.")
	case entry.IsDir():
		r.subfolder(name)
	case slices.Contains(foreign, strings.ToLower(path.Ext(name))):
		r.problem(name, "is not allowed here: learner code is plain Go.")
	case path.Ext(name) != ".go" && !slices.Contains(r.manifest.Data, name):
	case !entry.Type().IsRegular():
		r.problem(name, "is not an ordinary file.")
	case name == contractName:
		r.compareContract()
	case path.Ext(name) == ".go" && isSource(r.manifest, name) && !plainName.MatchString(name):
		r.problem(name, "is no name for a Go file here: use letters, digits and _ only.")
	default:
		return isSource(r.manifest, name)
	}
	return false
}

func (r *reader) subfolder(name string) {
	entries, err := r.folder.Entries(name)
	hasGo := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".go" })
	if err != nil || hasGo {
		r.note("the folder %s is ignored: the files of an exercise are in one folder", name)
	}
}

// compareContract notes a contract that is not the kit's. It need not be
// readable: the kit's is used in any case.
func (r *reader) compareContract() {
	data, err := r.folder.Read(contractName, MaxBytes)
	if err != nil || !sameText(bytes.TrimPrefix(data, byteOrderMark), r.contract) {
		r.note("%s differs from the kit's and was ignored", contractName)
	}
}

// sources reads and checks the learner's files, within the limits.
func (r *reader) sources(names []string) {
	r.seen = map[string]bool{}
	for _, name := range names {
		r.seen[name] = true
	}
	if len(names) > MaxFiles {
		r.problem("", "there are %d Go files; at most %d are allowed.", len(names), MaxFiles)
		return
	}
	left := int64(MaxBytes)
	for _, name := range names {
		data, err := r.folder.Read(name, left)
		if errors.Is(err, untrusted.ErrTooLarge) {
			r.problem(name, "is too large: the Go files together may hold %d KiB.", MaxBytes>>10)
			continue
		}
		if err != nil {
			r.problem(name, "cannot be read: %v.", untrusted.Cause(err))
			continue
		}
		left -= int64(len(data))
		r.source(name, bytes.TrimPrefix(data, byteOrderMark))
	}
}

// byteOrderMark begins files that some editors save as UTF-8. It says nothing,
// and what reads TOML stumbles over it.
var byteOrderMark = []byte("\ufeff")

// source keeps a file that is compiled, if it passes.
func (r *reader) source(name string, data []byte) {
	if slices.Contains(r.manifest.Data, name) {
		r.found[name] = data
		return
	}
	if leftOut(name, data, buildOS) {
		if !elsewhere(data) {
			r.note("%s is not compiled: its name or its //go:build line is not for %s/%s", name, buildOS, runtime.GOARCH)
		}
		return
	}
	r.problems = append(r.problems, CheckSource(r.manifest, name, data)...)
	r.found[name] = data
}

// buildOS is the system of the seat: programs for it are built on every system.
const buildOS = "linux"

// elsewhere tells whether a file's //go:build line means it for another system:
// that is on purpose, and worth no remark. A name may be an accident.
func elsewhere(data []byte) bool {
	return !leftOut("any.go", data, "windows") && leftOut("any.go", data, buildOS)
}

// leftOut tells whether the go command would pass over a file on a system, for
// its name (x_windows.go) or its build constraint (go help buildconstraint).
func leftOut(name string, data []byte, system string) bool {
	target := build.Default
	target.GOOS, target.CgoEnabled, target.BuildTags = system, false, nil
	target.GOARCH = runtime.GOARCH
	target.OpenFile = func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	match, err := target.MatchFile("", name)
	return err == nil && !match
}
