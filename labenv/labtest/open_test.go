package labtest_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv/labtest"
)

// recorder is a test that somebody else looks at.
type recorder struct {
	testing.TB
	fatal string
}

func (*recorder) Helper()        {}
func (*recorder) Cleanup(func()) {}

// Fatal ends the test, as testing.TB says it does.
func (r *recorder) Fatal(args ...any) {
	r.fatal = fmt.Sprint(args...)
	runtime.Goexit()
}

// A learner who types `go test` has no lab around them. The test fails, and
// tells what to type instead.
func TestOpenOutside(t *testing.T) {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		labtest.Open(r)
	}()
	<-done
	assert.Contains(t, r.fatal, "this test needs the lab around it")
	assert.Contains(t, r.fatal, "`make try EX=06_probe`")
	assert.Contains(t, r.fatal, "`make shell`")
}
