package exercise

import (
	"slices"
	"strings"
)

// std is what the word "std" in a manifest's imports stands for: the part of
// the standard library that solves exercises and opens no back door. os is in
// it for os.ErrDeadlineExceeded; the sandbox holds what else os can do. Bare
// system calls, reflection and ready-made protocols (net/http, crypto/tls) are
// not: an exercise that wants them lists them.
var std = []string{
	"bufio", "bytes", "cmp", "container/heap", "container/list", "context",
	"encoding/binary", "encoding/hex", "errors", "fmt", "io", "iter", "log",
	"maps", "math", "math/bits", "math/rand", "math/rand/v2", "net",
	"net/netip", "os", "regexp", "slices", "sort", "strconv", "strings",
	"sync", "sync/atomic", "text/tabwriter", "time", "unicode", "unicode/utf8",
}

// Std returns the import paths that "std" stands for in a manifest, sorted.
func Std() []string { return slices.Clone(std) }

// Allows tells whether the learner's code may import path.
func (m Manifest) Allows(path string) bool {
	if _, never := neverAllowed(path); never {
		return false
	}
	if slices.Contains(m.Imports, "std") && slices.Contains(std, path) {
		return true
	}
	return path != "std" && slices.Contains(m.Imports, path)
}

// reason says why an import path, and every path below it, is refused.
type reason struct{ path, why string }

// never are the imports that no manifest may allow: each would let learner
// code out of the language, or into the grader.
var never = []reason{
	{"C", "learner code is plain Go, without cgo."},
	{"unsafe", "learner code keeps to the memory that Go gives it."},
	{"embed", "only Go source is graded; files beside it are not there when it runs."},
	{"plugin", "learner code loads no other code."},
	{"os/exec", "learner code starts no programs."},
	{"wirelab/solutions", "the reference solutions are not there when your code is graded."},
	{"wirelab/grader", "the grader is out of bounds for learner code."},
}

// usually are the imports whose refusal deserves a reason of its own. A
// manifest may allow them by name.
var usually = []reason{
	{"os", "learner code is handed what it needs and looks at nothing else."},
	{"syscall", "this exercise does without bare system calls."},
	{"golang.org/x/sys", "this exercise does without bare system calls."},
	{"reflect", "no exercise needs reflection."},
	{"runtime", "learner code leaves the runtime's settings alone."},
	{"testing", "it is for tests; keep it in a file whose name ends in _test.go."},
	{"github.com/stretchr/testify", "it is for tests; keep it in a file whose name ends in _test.go."},
	{"net", "this exercise is to be solved without it."},
	{"net/http", "the point is to speak the protocol yourself."},
	{"wirelab/labenv", "the lab is out of bounds for learner code."},
	{"wirelab/exercises", "this exercise does not build on that one."},
}

// Refusal says in a sentence why an import that the manifest does not allow
// is refused: "learner code starts no programs."
func Refusal(path string) string {
	if why, never := neverAllowed(path); never {
		return why
	}
	if why, found := longest(usually, path); found {
		return why
	}
	return "exercise.toml lists what this exercise may use."
}

func neverAllowed(path string) (why string, found bool) { return longest(never, path) }

// longest returns the reason for path from the entry that says most about it.
func longest(reasons []reason, path string) (why string, found bool) {
	length := 0
	for _, r := range reasons {
		if covers(r.path, path) && len(r.path) > length {
			why, length = r.why, len(r.path)
		}
	}
	return why, length > 0
}

func covers(parent, path string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}
