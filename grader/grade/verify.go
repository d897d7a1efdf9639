package grade

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"wirelab/grader/check"
	"wirelab/grader/exercise"
	"wirelab/grader/mutants"
)

// Proof is what verify found out about one exercise.
type Proof struct {
	Exercise string
	Problems []string // in sentences; empty where the exercise is sound
	Mutants  []Killed
	// Broken is true where the kit or the lab failed on the way. Then the
	// problems may be theirs, and not the exercise's.
	Broken bool
}

// Killed says which checks failed a mutant.
type Killed struct {
	Mutant string
	Checks []string
}

// outcome takes note of a run.
func (p *Proof) outcome(ex check.Exercise) { p.Broken = p.Broken || ex.Status == check.Error }

// problem adds to the problems.
func (p *Proof) problem(format string, args ...any) {
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

// Verify proves one exercise sound: its stub builds, runs and fails, its
// reference passes every check, and every mutant is killed by the checks that
// it names. An error is returned only where the kit could not find out.
func (g *Grader) Verify(ctx context.Context, m exercise.Manifest) (Proof, error) {
	p := Proof{Exercise: m.ID}
	parts, err := g.References(m)
	if err != nil {
		return p, err
	}
	reference := parts[m.ID]
	if err := g.verifyStub(ctx, m, parts, &p); err != nil {
		return p, err
	}
	g.verifyReference(ctx, m, parts, reference, &p)
	all, err := mutants.Load(m.ID)
	if err != nil {
		return p, err
	}
	if len(g.Mutants) > 0 {
		all = slices.DeleteFunc(all, func(mu mutants.Mutant) bool { return !slices.Contains(g.Mutants, mu.Name) })
	}
	g.verifyMutants(ctx, m, parts, reference, all, &p)
	return p, nil
}

// with returns the parts with the exercise's own files put in.
func with(parts map[string]map[string][]byte, id string, files map[string][]byte) map[string]map[string][]byte {
	out := maps.Clone(parts)
	out[id] = files
	return out
}

// verifyStub holds that what learners start from compiles, runs and earns
// nothing by accident: a stub that does not compile has not failed.
func (g *Grader) verifyStub(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, p *Proof) error {
	stub, err := fs.ReadFile(g.Pristine, path.Join(m.ID, m.File))
	if err != nil {
		return err
	}
	ex := blank(m)
	g.Judge(ctx, m, with(parts, m.ID, map[string][]byte{m.File: stub}), "exercises", &ex)
	p.outcome(ex)
	switch {
	case len(ex.Checks) == 0:
		p.problem("the stub did not run: %s %s", ex.Headline, ex.Message)
	case ex.Status != check.Fail:
		p.problem("the stub's outcome is %s, not fail%s", ex.Status, errorsOf(ex))
	}
	for _, c := range ex.Checks {
		if c.Status == check.Pass {
			p.problem("the stub passes the check %s", c.ID)
		}
	}
	return nil
}

func (g *Grader) verifyReference(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, reference map[string][]byte, p *Proof) {
	ex := blank(m)
	g.Judge(ctx, m, with(parts, m.ID, reference), "solutions", &ex)
	p.outcome(ex)
	if ex.Status != check.Pass {
		p.problem("the reference earns %d of %d points%s", ex.Points, ex.MaxPoints, errorsOf(ex))
	}
}

// errorsOf lists what went wrong in an exercise.
func errorsOf(ex check.Exercise) string {
	var lines []string
	if ex.Message != "" {
		lines = append(lines, ex.Headline+" "+ex.Message)
	}
	for _, c := range ex.Checks {
		if c.Status == check.Fail || c.Status == check.Error {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", c.ID, c.Status, c.Message))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return ":\n    " + strings.Join(lines, "\n    ")
}

// verifyMutants tries every mutant against the checks that are meant to kill
// it, a few at once.
func (g *Grader) verifyMutants(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, reference map[string][]byte, all []mutants.Mutant, p *Proof) {
	outcomes := make([]check.Exercise, len(all))
	var done atomic.Int64
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)+1) // compiling and waiting take turns
	var wait sync.WaitGroup
	for i, mu := range all {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = g.tryMutant(ctx, m, parts, reference, mu)
			g.progress(int(done.Add(1)), len(all), m.ID+": mutants")
		})
	}
	wait.Wait()
	kills := map[string]int{}
	for i, mu := range all {
		killed := Killed{Mutant: mu.Name, Checks: failing(outcomes[i])}
		p.outcome(outcomes[i])
		p.Mutants = append(p.Mutants, killed)
		p.judgeMutant(m, mu, outcomes[i], killed.Checks)
		for _, id := range killed.Checks {
			kills[id]++
		}
	}
	for _, c := range m.Checks {
		if len(g.Mutants) == 0 && kills[c.ID] == 0 {
			p.problem("the check %s kills no mutant: it may check nothing", c.ID)
		}
	}
}

// tryMutant judges one mutant by the checks that are meant to kill it, and by
// all where no other may. One that does not fit the reference any more
// has not run, and says so.
func (g *Grader) tryMutant(ctx context.Context, m exercise.Manifest, parts map[string]map[string][]byte, reference map[string][]byte, mu mutants.Mutant) check.Exercise {
	ex := blank(m)
	if ctx.Err() != nil {
		return ex
	}
	files, err := mu.Apply(reference)
	if err != nil {
		ex.Status, ex.Headline, ex.Message = check.Fail, "it cannot be made", err.Error()
		return ex
	}
	quiet := *g
	quiet.Progress, quiet.Reports, quiet.Checks, quiet.Hurry = nil, "", mu.KilledBy, true
	if mu.Exactly {
		quiet.Checks = nil
	}
	quiet.Judge(ctx, m, with(parts, m.ID, files), "mutant", &ex)
	return ex
}

func (p *Proof) judgeMutant(m exercise.Manifest, mu mutants.Mutant, ex check.Exercise, killers []string) {
	for _, id := range mu.KilledBy {
		if _, known := m.Check(id); !known {
			p.problem("mutant %s names the check %s, which does not exist", mu.Name, id)
		} else if len(ex.Checks) > 0 && !slices.Contains(killers, id) {
			p.problem("mutant %s survives the check %s; killed by: %s", mu.Name, id, orNone(killers))
		}
	}
	for _, id := range killers {
		if mu.Exactly && !slices.Contains(mu.KilledBy, id) {
			p.problem("mutant %s fails the check %s as well, which is not about its bug", mu.Name, id)
		}
	}
	if len(ex.Checks) == 0 {
		p.problem("mutant %s did not run: %s: %s", mu.Name, ex.Headline, ex.Message)
	} else if ex.Status == check.Error {
		p.problem("mutant %s ended in error%s", mu.Name, errorsOf(ex))
	}
}

func orNone(ids []string) string {
	if len(ids) == 0 {
		return "no check at all"
	}
	return strings.Join(ids, ", ")
}

// failing returns the checks that failed, whether for themselves or because
// one that they need did.
func failing(ex check.Exercise) []string {
	var ids []string
	for _, c := range ex.Checks {
		if c.Status == check.Fail {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
