package exercise

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

var (
	kebab    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	dataFile = regexp.MustCompile(`^[a-z0-9_]+\.toml$`)
	goFile   = regexp.MustCompile(`^[a-z0-9_]+\.go$`)
	labtest  = "wirelab/labenv/labtest" // for learner-written tests
	port     = "wirelab/exercises/port" // given to every exercise
	siblings = "wirelab/exercises/"
)

// validator collects what is wrong with one manifest.
type validator struct {
	file     string
	lines    lines
	problems []error
}

// fail records a problem at the first of keys that the manifest has.
func (v *validator) fail(keys []string, format string, args ...any) {
	v.problems = append(v.problems, &problem{v.file, v.lines.at(keys...), fmt.Sprintf(format, args...)})
}

// require records a problem with key unless ok.
func (v *validator) require(ok bool, key, format string, args ...any) {
	if !ok {
		v.fail([]string{key}, format, args...)
	}
}

// manifest judges a whole manifest. Problems come in the order of its keys.
func (v *validator) manifest(m Manifest, folder string, earlier []Manifest) {
	v.require(m.ID == folder, "id", "id is %q; it must be the folder's name, %q", m.ID, folder)
	v.require(filled(m.Title), "title", "title is empty; say what the exercise is about")
	v.require(token.IsIdentifier(m.Package), "package", "package is %q; a package clause cannot say that", m.Package)
	v.require(goFile.MatchString(m.File) && m.File != "contract.go", "file",
		"file is %q; name the stub, such as %q", m.File, bareName(folder)+".go")
	for _, name := range m.Data {
		v.require(dataFile.MatchString(name) && name != "exercise.toml", "data", "data names %q; it may name files such as \"review.toml\"", name)
	}
	v.needs(m.Needs, earlier)
	v.imports(m)
	if m.GradesTests() {
		v.require(slices.Contains(disclosures, m.Disclosure), "disclosure",
			"disclosure is %q; it must be none, count, one or all", string(m.Disclosure))
	} else {
		v.require(m.Disclosure == "", "disclosure", "disclosure is for exercises whose file is a test")
	}
	v.hints(m.Hints)
	v.require(len(m.Checks) > 0, "check", "there is no [[check]]; an exercise needs at least one")
	for i := range m.Checks {
		v.check(m.Checks, i)
	}
}

func (v *validator) needs(needs []string, earlier []Manifest) {
	for i, need := range needs {
		at := slices.IndexFunc(earlier, func(m Manifest) bool { return m.ID == need })
		v.require(at >= 0, "needs", "needs %q, which is no exercise before this one", need)
		v.require(at < 0 || !earlier[at].IsProgram(), "needs", "needs %q, which is a program: nothing can import it", need)
		v.require(!slices.Contains(needs[:i], need), "needs", "needs %q twice", need)
	}
}

func (v *validator) imports(m Manifest) {
	v.require(len(m.Imports) > 0, "imports", "imports is empty; list what the learner may import, or \"std\"")
	for i, path := range m.Imports {
		why, refused := neverAllowed(path)
		v.require(!refused, "imports", "imports %q can never be allowed: %s", path, why)
		v.require(!slices.Contains(m.Imports[:i], path), "imports", "imports %q twice", path)
		v.require(filled(path), "imports", "imports has an empty entry")
		v.require(refused || path == labtest || !covers("wirelab/labenv", path), "imports",
			"imports %q; of the lab, learner code may use %s alone", path, labtest)
		sibling, isSibling := strings.CutPrefix(path, siblings)
		v.require(!isSibling || path == port || slices.Contains(m.Needs, sibling), "imports",
			"imports %q, but needs does not list %q", path, sibling)
	}
}

func (v *validator) hints(hints []string) {
	v.require(len(hints) == 3, "hints", "there are %d hints; there must be three, each saying more than the one before", len(hints))
	for i, hint := range hints {
		v.require(filled(hint), "hints", "hint %d is empty", i+1)
	}
}

// check judges the check at index i; what it needs must come before it, so
// that no cycle can be written.
func (v *validator) check(all []Check, i int) {
	c, earlier := all[i], all[:i]
	fail := func(key, format string, args ...any) {
		table := fmt.Sprintf("check[%d]", i)
		v.fail([]string{table + "." + key, table}, "check %q: "+format, append([]any{c.ID}, args...)...)
	}
	has := func(id string) bool {
		return slices.ContainsFunc(earlier, func(e Check) bool { return e.ID == id })
	}
	if !kebab.MatchString(c.ID) {
		fail("id", "an id is lower-case words joined by hyphens, such as \"silent-is-filtered\"")
	}
	if has(c.ID) {
		fail("id", "another check has this id")
	}
	if !filled(c.Title) {
		fail("title", "title is empty; name the behaviour that it proves")
	}
	if c.Points <= 0 {
		fail("points", "points is %d; a check is worth at least 1", c.Points)
	}
	for _, need := range c.Needs {
		if !has(need) {
			fail("needs", "needs %q, which is no check before this one", need)
		}
	}
	if !filled(c.Lesson) {
		fail("lesson", "lesson is empty; it is what the learner reads when the check fails")
	}
}

func filled(s string) bool { return strings.TrimSpace(s) != "" }
