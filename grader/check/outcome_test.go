package check_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/exercise"
)

var errLab = errors.New("the lab burnt down")

// An outcome has to be earned: whatever ends a check before its function has
// come to its end is an error, unless the learner is to blame for it.
func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		run     func(*check.T)
		status  check.Status
		message string
	}{
		"comes to its end":        {func(*check.T) {}, check.Pass, ""},
		"blames once":             {func(t *check.T) { t.Errorf("first"); t.Errorf("second") }, check.Fail, "first"},
		"blames and stops":        {func(t *check.T) { t.Failf("port %d", 7) }, check.Fail, "port 7"},
		"stops":                   {func(t *check.T) { t.FailNow() }, check.Fail, ""},
		"asserts":                 {func(t *check.T) { assert.Fail(t, "wrong", "the answer") }, check.Fail, "the answer\nwrong"},
		"requires":                {func(t *check.T) { require.Fail(t, "wrong"); panic("not reached") }, check.Fail, "wrong"},
		"leaves early":            {func(*check.T) { runtime.Goexit() }, check.Error, "the check ended before it had proved anything"},
		"panics":                  {func(*check.T) { panic("oops") }, check.Error, "check the-check panicked: oops"},
		"panics after blaming":    {func(t *check.T) { t.Errorf("first"); panic("oops") }, check.Error, "check the-check panicked: oops"},
		"breaks":                  {func(t *check.T) { t.Broken(errLab) }, check.Error, "the lab burnt down"},
		"breaks after blaming":    {func(t *check.T) { t.Errorf("first"); t.Broken(errLab) }, check.Error, "the lab burnt down"},
		"panics in a cleanup":     {func(t *check.T) { t.Cleanup(func() { panic("oops") }) }, check.Error, "check the-check panicked: oops"},
		"leaves early in cleanup": {func(t *check.T) { t.Cleanup(runtime.Goexit) }, check.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := new(world).run(t, c.run)
			assert.Equal(t, c.status, r.Status)
			assert.Equal(t, c.message, r.Message)
			assert.Equal(t, map[bool]int{true: 2}[c.status == check.Pass], r.Points)
			assert.Equal(t, 2, r.MaxPoints)
		})
	}
}

// What failed is told with what there is to learn; what passed needs no words.
func TestWhatAFailureCarries(t *testing.T) {
	fails := new(world).run(t, func(t *check.T) { t.Step("asked %d ports", 3); t.Failf("no") })
	assert.Equal(t, check.Result{
		ID: "the-check", Title: "title of the-check", Status: check.Fail, MaxPoints: 2, Message: "no",
		Lesson: "lesson of the-check", Hint: "make hint EX=probe", Steps: []string{"asked 3 ports"}, DurationMS: fails.DurationMS,
	}, fails)
	passes := new(world).run(t, func(t *check.T) { t.Step("asked") })
	assert.Equal(t, check.Result{
		ID: "the-check", Title: "title of the-check", Status: check.Pass, Points: 2, MaxPoints: 2, DurationMS: passes.DurationMS,
	}, passes)
}

// A run that is given up blames nobody for what it looks like.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	specs := []check.Spec{
		{ID: "blames", Run: func(t *check.T) { cancel(); t.Failf("your function was cancelled") }},
		{ID: "leaves", Run: func(*check.T) { cancel(); runtime.Goexit() }},
		{ID: "breaks", Run: func(t *check.T) { cancel(); t.Broken(t.Context().Err()) }},
	}
	results, err := new(world).runner(specs...).Run(ctx)
	require.NoError(t, err)
	for _, r := range results {
		assert.Equal(t, check.Error, r.Status, r.ID)
		assert.Equal(t, "the run was given up before this check had ended", r.Message, r.ID)
	}
}

func TestCleanupsRunLastFirstAfterTheLabs(t *testing.T) {
	w := &world{}
	var order []any
	r := w.run(t, func(t *check.T) {
		t.Cleanup(func() { order = append(order, "first registered", w.closed) })
		t.Bench(t.Draft().Plan())
		t.Cleanup(func() { order = append(order, "last registered", w.closed) })
	})
	assert.Equal(t, check.Pass, r.Status, r.Message)
	assert.Equal(t, []any{"last registered", 1, "first registered", 1}, order)
}

// A check that did not run, or of which nothing is known, is an error of the
// whole run.
func TestUnpaired(t *testing.T) {
	nothing := func(*check.T) {}
	known := []exercise.Check{{ID: "a", Points: 1}, {ID: "b", Points: 1}}
	for name, specs := range map[string][]check.Spec{
		"code is missing":         {{ID: "a", Run: nothing}},
		"the manifest lacks code": {{ID: "a", Run: nothing}, {ID: "b", Run: nothing}, {ID: "c", Run: nothing}},
		"all is missing":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			r := check.Runner{Exercise: exercise.Manifest{ID: "06_probe", Checks: known}, Specs: specs, Lab: new(world).lab}
			results, err := r.Run(t.Context())
			assert.ErrorIs(t, err, check.ErrUnpaired)
			assert.Empty(t, results)
		})
	}
}

func TestBlockedChains(t *testing.T) {
	fails := func(t *check.T) { t.Failf("no") }
	breaks := func(t *check.T) { t.Broken(errLab) }
	passes := func(*check.T) {}
	r := new(world).runner(
		check.Spec{ID: "fails", Run: fails}, check.Spec{ID: "needs-fails", Run: passes},
		check.Spec{ID: "needs-blocked", Run: fails}, check.Spec{ID: "breaks", Run: breaks},
		check.Spec{ID: "needs-breaks", Run: passes}, check.Spec{ID: "breaks-too", Run: breaks},
		check.Spec{ID: "passes", Run: passes}, check.Spec{ID: "needs-passes", Run: passes},
	)
	needs := map[string][]string{
		"needs-fails": {"fails"}, "needs-blocked": {"needs-fails"}, "needs-breaks": {"breaks"},
		"breaks-too": {"fails"}, "needs-passes": {"passes"},
	}
	for i, c := range r.Exercise.Checks {
		r.Exercise.Checks[i].Needs = needs[c.ID]
	}
	results, err := r.Run(t.Context())
	require.NoError(t, err)
	got := map[string][]any{}
	for _, res := range results {
		got[res.ID] = []any{res.Status, res.BlockedBy, res.Points}
	}
	assert.Equal(t, map[string][]any{
		"fails":         {check.Fail, "", 0},
		"needs-fails":   {check.Blocked, "fails", 0},
		"needs-blocked": {check.Blocked, "needs-fails", 0},
		"breaks":        {check.Error, "", 0},
		"needs-breaks":  {check.Blocked, "breaks", 0},
		"breaks-too":    {check.Error, "", 0}, // an error is never hidden
		"passes":        {check.Pass, "", 2},
		"needs-passes":  {check.Pass, "", 2},
	}, got)
}

// A check draws from the run's seed and its own name, so that one check can be
// repeated alone.
func TestDraws(t *testing.T) {
	draw := func(seed uint64, ids ...string) map[string]uint64 {
		drawn := make(chan [2]any, len(ids))
		var specs []check.Spec
		for _, id := range ids {
			specs = append(specs, check.Spec{ID: id, Run: func(t *check.T) { drawn <- [2]any{t.Name(), t.Draft().Rand().Uint64()} }})
		}
		r := new(world).runner(specs...)
		r.Seed = seed
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		got := map[string]uint64{}
		for range ids {
			d := <-drawn
			got[d[0].(string)] = d[1].(uint64)
		}
		return got
	}
	both := draw(7, "a", "b")
	assert.NotEqual(t, both["a"], both["b"])
	assert.Equal(t, both["b"], draw(7, "b")["b"])
	assert.NotEqual(t, both["b"], draw(8, "b")["b"])
}

func TestDoneCounts(t *testing.T) {
	passes := func(*check.T) {}
	r := new(world).runner(check.Spec{ID: "a", Run: passes}, check.Spec{ID: "b", Run: passes}, check.Spec{ID: "c", Run: passes})
	var done []int
	r.Done = func(n, total int) {
		assert.Equal(t, 3, total)
		done = append(done, n)
	}
	results, err := r.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3}, done)
	for i, id := range []string{"a", "b", "c"} {
		assert.Equal(t, id, results[i].ID)
	}
}

// A run that is asked for one check runs it and what it needs, in the
// manifest's order, and nothing else.
func TestOnlyRunsWhatWasAskedFor(t *testing.T) {
	fine := func(*check.T) {}
	w := new(world)
	r := w.runner(check.Spec{ID: "a", Run: fine}, check.Spec{ID: "b", Run: fine}, check.Spec{ID: "c", Run: fine})
	r.Exercise.Checks = []exercise.Check{{ID: "a", Points: 1}, {ID: "b", Points: 1}, {ID: "c", Points: 1, Needs: []string{"a"}}}
	r.Only = []string{"c"}
	results, err := r.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 2)
	assert.Equal(t, "a", results[0].ID)
	assert.Equal(t, "c", results[1].ID)
	assert.Equal(t, check.Pass, results[1].Status)
}
