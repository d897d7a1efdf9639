package report_test

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"wirelab/grader/report"
)

func TestProgressRedrawsOneLine(t *testing.T) {
	var b strings.Builder
	p := report.NewProgress(&b, true)
	p.Step(3, 18, "06_probe")
	p.Step(4, 18, "07")
	p.Step(0, 0, "cleaning up")
	p.Done()
	assert.Equal(t, "\r3 of 18  06_probe"+"\r4 of 18  07      "+"\rcleaning up"+"\r           \r", b.String())
}

func TestProgressDoneTwice(t *testing.T) {
	var b strings.Builder
	p := report.NewProgress(&b, true)
	p.Done()
	assert.Empty(t, b.String(), "nothing was drawn, so there is nothing to take away")
	p.Step(1, 2, "x")
	p.Done()
	drawn := b.String()
	p.Done()
	assert.Equal(t, drawn, b.String())
}

func TestProgressPrintsNothingElsewhere(t *testing.T) {
	var b strings.Builder
	p := report.NewProgress(&b, false)
	p.Step(1, 2, "x")
	p.Done()
	assert.Empty(t, b.String())
}

func TestProgressKeepsToOneHarmlessLine(t *testing.T) {
	var b strings.Builder
	report.NewProgress(&b, true).Step(1, 2, "a\x1b[2J\nb\r"+strings.Repeat("é", 500))
	line := strings.TrimPrefix(b.String(), "\r")
	assert.Equal(t, 78, utf8.RuneCountInString(line))
	assert.True(t, strings.HasPrefix(line, "1 of 2  a␛[2J␊b␍é"), line)
}

func TestProgressFromSeveralGoroutines(t *testing.T) {
	var b strings.Builder
	p := report.NewProgress(&b, true)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { p.Step(1, 8, "work") })
	}
	wg.Wait()
	p.Done()
	assert.Equal(t, strings.Repeat("\r1 of 8  work", 8)+"\r            \r", b.String())
}
