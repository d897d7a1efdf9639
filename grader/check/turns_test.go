package check_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// With one CPU there is one turn, so that the order is to be seen.
func TestTheLongestWaitBeginsFirst(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var began []string
	note := func(t *check.T) { began = append(began, t.Name()) }
	w := new(world)
	results, err := w.runner(
		check.Spec{ID: "one", Run: note},
		check.Spec{ID: "two", Waits: 2 * time.Second, Run: note},
		check.Spec{ID: "three", Waits: time.Second, Run: note},
		check.Spec{ID: "four", Run: note},
	).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"two", "three", "one", "four"}, began)
	assert.Equal(t, "one", results[0].ID, "results keep the manifest's order")
}

// Labs start a few at a time, and run all together.
func TestFewLabsStartAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	const checks = 6
	var started sync.WaitGroup
	started.Add(checks)
	var specs []check.Spec
	for i := range checks {
		specs = append(specs, check.Spec{ID: strconv.Itoa(i), Run: func(t *check.T) {
			t.Bench(t.Draft().Plan())
			started.Done()
			started.Wait() // for every other check's lab
		}})
	}
	w := new(world)
	r := w.runner(specs...)
	starting := make(chan struct{}, 2)
	r.Lab = func(ctx context.Context, p plan.Plan) (labenv.Lab, error) {
		select {
		case starting <- struct{}{}:
		default:
			t.Error("a third lab was started while two were starting")
		}
		runtime.Gosched()
		l, err := w.lab(ctx, p)
		<-starting
		return l, err
	}
	results, err := r.Run(t.Context())
	require.NoError(t, err)
	for _, c := range results {
		assert.Equal(t, check.Pass, c.Status, c.Message)
	}
}
