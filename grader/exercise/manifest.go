// Package exercise reads the manifests of the exercises. A manifest,
// exercise.toml in the exercise's folder, says what the learner writes, which
// imports that may use, and what the checks are worth. Whatever else the kit
// knows about an exercise, it knows from there.
package exercise

import (
	"errors"
	"slices"
	"strings"
)

// ErrManifest is matched by the errors that say what is wrong with a
// manifest. Each tells the file, the line and the remedy.
var ErrManifest = errors.New("invalid manifest")

// Manifest describes one exercise. Its TOML form is documented in
// docs/authoring.md.
type Manifest struct {
	ID      string   `toml:"id"`      // the folder: "06_probe"
	Title   string   `toml:"title"`   // "one port, one verdict"
	Package string   `toml:"package"` // what the learner's package clause says
	File    string   `toml:"file"`    // the stub: "probe.go"
	Data    []string `toml:"data"`    // files besides Go that are handed in: "review.toml"
	Needs   []string `toml:"needs"`   // ids of earlier exercises it builds on
	Imports []string `toml:"imports"` // import paths that the learner may use, and "std" (see Std)
	NetRaw  bool     `toml:"net_raw"` // the learner's program gets CAP_NET_RAW
	// Disclosure says how much of what a learner's test let pass is told; ""
	// where no test is graded.
	Disclosure Disclosure `toml:"disclosure"`
	Hints      []string   `toml:"hints"` // three, each saying more than the one before
	Checks     []Check    `toml:"check"` // in the order in which they are reported
}

// Disclosure is how much is told of the wrong scanners that a learner's test
// accepts. Their source never is.
type Disclosure string

// The levels of disclosure.
const (
	DiscloseNone  Disclosure = "none"  // that it accepts wrong ones
	DiscloseCount Disclosure = "count" // how many
	DiscloseOne   Disclosure = "one"   // how many, and what is wrong with one
	DiscloseAll   Disclosure = "all"   // what is wrong with each
)

var disclosures = []Disclosure{DiscloseNone, DiscloseCount, DiscloseOne, DiscloseAll}

// Check describes one hidden check: all but its code, which is found by ID.
type Check struct {
	ID     string   `toml:"id"`     // kebab-case, unique in the exercise: "silent-is-filtered"
	Title  string   `toml:"title"`  // the behaviour it proves: "a port that stays silent is FILTERED"
	Points int      `toml:"points"` // above 0
	Needs  []string `toml:"needs"`  // ids of earlier checks; if one of them fails, this one is blocked
	Lesson string   `toml:"lesson"` // the sentence shown when it fails
}

// Name returns the exercise's bare name: "probe" for "06_probe".
func (m Manifest) Name() string { return bareName(m.ID) }

// MaxPoints returns what all checks together are worth.
func (m Manifest) MaxPoints() int {
	sum := 0
	for _, c := range m.Checks {
		sum += c.Points
	}
	return sum
}

// Check returns the check with that id.
func (m Manifest) Check(id string) (Check, bool) {
	i := slices.IndexFunc(m.Checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, false
	}
	return m.Checks[i], true
}

// GradesTests tells whether the learner's work is a test (15_pin), so that
// their _test.go files are compiled for grading.
func (m Manifest) GradesTests() bool { return strings.HasSuffix(m.File, "_test.go") }

// IsProgram tells whether the learner's work is a program (18_tool), which is
// run with arguments, and not a package whose functions are called.
func (m Manifest) IsProgram() bool { return m.Package == "main" }

// Main is the path, from the kit's root, of the package main that is built to grade
// the exercise: the learner's program, or the driver that serves their package.
// Where a test is graded there is none.
func (m Manifest) Main() string {
	if m.IsProgram() {
		return "./exercises/" + m.ID
	}
	return "./grader/drivers/" + m.ID
}

func bareName(id string) string {
	_, name, numbered := strings.Cut(id, "_")
	if !numbered {
		return id
	}
	return name
}
