// Package grade takes a submission through the whole kit: its files are
// staged, built with the exercise's driver, and judged by the checks. check,
// verify and whatever grades a class all go this way.
package grade

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"wirelab/grader/build"
	"wirelab/grader/check"
	"wirelab/grader/checks"
	"wirelab/grader/exercise"
	"wirelab/grader/stage"
	"wirelab/labenv"
)

// Grader grades exercises of one kit on one kind of lab.
type Grader struct {
	Builder   build.Builder
	Pristine  fs.FS // the exercises as shipped
	Exercises []exercise.Manifest
	Lab       labenv.Maker
	LabKind   string // of Lab, as reports give it: "netns", "docker"
	Seed      uint64
	// Reports is the folder that keeps the recordings; "" keeps none.
	Reports string
	// Mutants names those that Verify tries; none named, it tries all.
	Mutants []string
	// Checks names those that Judge runs, with those that they need; none
	// named, it runs all.
	Checks []string
	// Hurry is check.Runner's.
	Hurry bool
	// Progress is told how far an exercise is; nil is fine. Total is 0 while
	// the number of steps is not known.
	Progress func(done, total int, what string)
}

// Kit is the kit's version, as reports give it.
const Kit = "0.1.0"

func (g *Grader) progress(done, total int, what string) {
	if g.Progress != nil {
		g.Progress(done, total, what)
	}
}

// Submission grades exercises in the learner's folder dir, which holds one
// folder for each: dir/06_probe and so on. An exercise that fails, or cannot
// be graded, does not keep the others from being graded.
func (g *Grader) Submission(ctx context.Context, dir string, exercises []exercise.Manifest) check.Report {
	s := session{grader: g, dir: dir, read: func(m exercise.Manifest) (stage.Files, error) {
		return stage.Read(m, g.Pristine, filepath.Join(dir, m.ID))
	}}
	return s.run(ctx, dir, exercises)
}

// Taken grades exercises of a submission that has been read into memory: a
// folder for each exercise. id is what the report calls it, dir what messages
// call the folder that holds those folders.
func (g *Grader) Taken(ctx context.Context, id, dir string, files fs.FS, exercises []exercise.Manifest) check.Report {
	s := session{grader: g, dir: dir, handedIn: true, read: func(m exercise.Manifest) (stage.Files, error) {
		return stage.ReadFS(m, g.Pristine, files, path.Join(dir, m.ID))
	}}
	return s.run(ctx, id, exercises)
}

// run grades the exercises of the submission that the report calls id.
func (s *session) run(ctx context.Context, id string, exercises []exercise.Manifest) check.Report {
	start, g := time.Now(), s.grader
	s.graded, s.taken = map[string]graded{}, map[string][]byte{}
	r := check.Report{Version: 1, Kit: Kit, Lab: g.LabKind, Seed: g.Seed, Submission: check.Submission{ID: id}}
	for _, m := range exercises {
		r.Exercises = append(r.Exercises, s.grade(ctx, m).exercise)
	}
	r.Submission.SHA256 = stage.Digest(s.taken)
	r.DurationMS = time.Since(start).Milliseconds()
	Tally(&r)
	return r
}

// Tally adds up a report's points and status.
func Tally(r *check.Report) {
	r.Points, r.MaxPoints, r.Status = 0, 0, check.Pass
	for _, e := range r.Exercises {
		r.Points, r.MaxPoints = r.Points+e.Points, r.MaxPoints+e.MaxPoints
		r.Status = worse(r.Status, e.Status)
	}
}

// worse returns the status that a whole has whose parts have a and b.
func worse(a, b check.Status) check.Status {
	rank := map[check.Status]int{check.Pass: 0, check.NotStarted: 1, check.Blocked: 2, check.Fail: 2, check.Error: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// session is one submission under way.
type session struct {
	grader *Grader
	dir    string // as messages call it
	// read reads the learner's files of an exercise.
	read func(exercise.Manifest) (stage.Files, error)
	// handedIn says that the learner is not here to put a file back.
	handedIn bool
	graded   map[string]graded // by exercise
	taken    map[string][]byte // what was graded, by path
}

// graded is an exercise's outcome and the files that later ones build on.
type graded struct {
	exercise check.Exercise
	files    map[string][]byte
}

// grade grades an exercise once.
func (s *session) grade(ctx context.Context, m exercise.Manifest) graded {
	if g, ok := s.graded[m.ID]; ok {
		return g
	}
	start := time.Now()
	files, ex := s.stage(ctx, m)
	ex.DurationMS = time.Since(start).Milliseconds()
	g := graded{exercise: ex, files: files}
	s.graded[m.ID] = g
	return g
}

// stage reads the learner's files and, if they may be built, has them judged.
func (s *session) stage(ctx context.Context, m exercise.Manifest) (map[string][]byte, check.Exercise) {
	ex := blank(m)
	folder := filepath.Join(s.dir, m.ID)
	ex.LookAt = filepath.ToSlash(filepath.Join(folder, m.File))
	files, err := s.read(m)
	ex.Notes = files.Notes
	var refused *stage.RefusedError
	var missing *stage.MissingError
	switch {
	case errors.As(err, &refused):
		ex.Status, ex.Headline, ex.Message = check.Fail, "files refused", inFolder(refused, folder)
		return nil, ex
	case errors.As(err, &missing) && s.handedIn:
		ex.Status, ex.Headline, ex.Message = check.Fail, "nothing to grade", missing.Path+" was not handed in"
		return nil, ex
	case errors.As(err, &missing):
		ex.Status, ex.Headline, ex.Message = check.Fail, "nothing to grade", err.Error()
		return nil, ex
	case err != nil:
		ex.Status, ex.Message = check.Error, err.Error()
		return nil, ex
	}
	for name, data := range files.Go {
		s.taken[path.Join(m.ID, name)] = data
	}
	if files.Untouched {
		ex.Status = check.NotStarted
		return files.Go, ex
	}
	s.judge(ctx, m, files.Go, &ex)
	return files.Go, ex
}

// inFolder lists problems with the files' whole names.
func inFolder(e *stage.RefusedError, folder string) string {
	var lines []string
	for line := range strings.Lines(e.Error()) {
		if strings.HasPrefix(line, "…") {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, filepath.ToSlash(folder)+"/"+line)
	}
	return strings.Join(lines, "")
}

// blank is an exercise that nothing is known of yet. Its status defaults to
// error: what is not judged has not passed.
func blank(m exercise.Manifest) check.Exercise {
	return check.Exercise{ID: m.ID, Title: m.Title, Status: check.Error, MaxPoints: m.MaxPoints(), Checks: []check.Result{}}
}

// judge builds on what the exercise needs, and runs the checks.
func (s *session) judge(ctx context.Context, m exercise.Manifest, files map[string][]byte, ex *check.Exercise) {
	parts := map[string]map[string][]byte{m.ID: files}
	needs := m.Needs
	if m.GradesTests() {
		needs = nil // a test meets scanners in their place
	}
	for _, need := range needs {
		earlier, err := s.earlier(ctx, need, ex)
		if err != nil {
			ex.Status, ex.Message = check.Error, err.Error()
			return
		}
		parts[need] = earlier
	}
	s.grader.Judge(ctx, m, parts, s.dir, ex)
}

// earlier returns the files of an exercise that a later one builds on: the
// learner's if they pass, else the reference's.
func (s *session) earlier(ctx context.Context, id string, ex *check.Exercise) (map[string][]byte, error) {
	m, err := exercise.Find(s.grader.Exercises, id)
	if err != nil {
		return nil, err
	}
	if g := s.grade(ctx, m); g.exercise.Status == check.Pass {
		return g.files, nil
	}
	ex.Notes = append(ex.Notes, fmt.Sprintf("graded with the reference of %s, since yours does not pass: one mistake costs once", id))
	return s.grader.Reference(id)
}

// Reference returns the files of an exercise's reference solution, without its
// contract, and without its tests unless these are the solution.
func (g *Grader) Reference(id string) (map[string][]byte, error) {
	m, err := exercise.Find(g.Exercises, id)
	if err != nil {
		return nil, err
	}
	if files, ok, err := g.sealedReference(id); ok || err != nil {
		return files, err
	}
	files, err := g.goFiles("solutions/"+id, m.GradesTests())
	for _, name := range m.Data {
		if err == nil {
			files[name], err = os.ReadFile(filepath.Join(g.Builder.Kit, "solutions", id, name)) //nolint:gosec // the kit's own files
		}
	}
	switch {
	case errors.Is(err, errNoGo):
		return nil, fmt.Errorf("the reference of %s is missing: %w", id, err)
	case err != nil:
		return nil, fmt.Errorf("the reference of %s: %w", id, err)
	}
	return files, nil
}

// errNoGo says that a folder of the kit's lacks its code.
var errNoGo = errors.New("holds no Go files")

// goFiles returns the Go files of a folder of the kit's by base name: no
// contract, and tests only if they are asked for.
func (g *Grader) goFiles(folder string, tests bool) (map[string][]byte, error) {
	dir := filepath.Join(g.Builder.Kit, filepath.FromSlash(folder))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range names {
		base := filepath.Base(name)
		if base == "contract.go" || !tests && strings.HasSuffix(base, "_test.go") {
			continue
		}
		if files[base], err = os.ReadFile(name); err != nil { //nolint:gosec // the kit's own files
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s %w", dir, errNoGo)
	}
	return files, nil
}

// References returns the parts of an exercise in which all is reference: its own
// solution, and those of the exercises that it builds on.
func (g *Grader) References(m exercise.Manifest) (map[string]map[string][]byte, error) {
	parts := map[string]map[string][]byte{}
	for _, id := range append([]string{m.ID}, m.Needs...) {
		var err error
		if parts[id], err = g.Reference(id); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// Judge builds an exercise from parts, the files of each exercise that it is
// made of by id, and runs its checks. dir is how the learner's folder is named
// in messages. The outcome goes into ex.
func (g *Grader) Judge(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, dir string, ex *check.Exercise) {
	g.progress(0, 0, m.ID+": compiling")
	program, err := g.Program(ctx, m, parts, dir)
	var compile *build.CompileError
	switch {
	case errors.As(err, &compile):
		ex.Status, ex.Headline, ex.Message = check.Fail, "does not compile", inTheirFile(compile.Output, m.File)
		return
	case err != nil:
		ex.Status, ex.Message = check.Error, err.Error()
		return
	}
	defer program.Close()
	var tried *os.File
	if m.GradesTests() {
		if tried, err = g.scanners(ctx); err != nil {
			ex.Status, ex.Message = check.Error, err.Error()
			return
		}
		defer tried.Close()
	}
	runner := check.Runner{
		Scanners: tried, Sources: parts[m.ID],
		Exercise: m, Specs: checks.For(m.ID), Program: program, Lab: g.Lab, Seed: g.Seed, Only: g.Checks, Hurry: g.Hurry,
		Done: func(done, total int) { g.progress(done, total, m.ID+": checks") },
	}
	var shelf *shelf
	if g.Reports != "" {
		shelf = newShelf(g.Reports, m.ID)
		runner.Keep = shelf.keep
	}
	results, err := runner.Run(ctx)
	if err == nil {
		err = ctx.Err() // what was cut short is no result
	}
	if shelf != nil {
		err = shelf.end(err)
	}
	if err != nil {
		ex.Status, ex.Message = check.Error, err.Error()
		return
	}
	ex.Checks, ex.Points, ex.Status = results, 0, check.Pass
	for _, r := range results {
		ex.Points += r.Points
		if r.Status == check.Blocked {
			r.Status = check.Fail
		}
		ex.Status = worse(ex.Status, r.Status)
	}
}

// Program compiles an exercise from parts, as Judge describes them: the program
// that it is, or one with the driver that serves its functions; for an exercise
// that grades a test, the test with shims in the place of the scanner and the
// lab. The file is the caller's to close. Errors: *build.CompileError where the
// parts are to blame.
func (g *Grader) Program(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, dir string) (*os.File, error) {
	if err := g.warmShipped(ctx); err != nil {
		return nil, err
	}
	theirs := strings.ReplaceAll(filepath.ToSlash(dir), "$", "$$") // a folder may be called anything
	names := func(s string) string { return staged.ReplaceAllString(s, theirs+"/$1") }
	if m.GradesTests() {
		tree, err := g.testTree(m.ID, parts[m.ID])
		if err != nil {
			return nil, err
		}
		return g.Builder.BuildTest(ctx, "./exercises/"+m.ID, tree, names)
	}
	var tree stage.Tree
	for id, files := range parts {
		if err := tree.Place(g.Pristine, g.Builder.Kit, id, maps.Clone(files)); err != nil {
			return nil, err
		}
	}
	return g.Builder.Build(ctx, m.Main(), tree, names)
}

// staged matches how the compiler names a file of an exercise, wherever the
// build found it.
var staged = regexp.MustCompile(`(?:[^\s:"]*/)?exercises/([0-9]+_[a-z]+/)`)
