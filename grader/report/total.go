package report

import (
	"fmt"
	"strings"

	"wirelab/grader/check"
)

// total closes a report of several exercises: the sum, and what to do next.
func (p *printer) total(r check.Report) {
	passed, lost := 0, 0
	for _, e := range r.Exercises {
		if e.Status == check.Pass {
			passed++
		}
		lost += unjudged(e)
	}
	sum := fmt.Sprintf("%d of %d exercises passed", passed, len(r.Exercises))
	if r.MaxPoints > 0 {
		sum = outOf(r.Points, r.MaxPoints, lost) + " · " + sum
	}
	p.row(p.name("total"), plain(sum), metaColumn, meta(r, r.DurationMS))
	p.row(p.name("next"), plain(next(r.Exercises)), 0)
}

// next is the one thing to do now. What was begun comes before what was not,
// and the learner's own work before the kit's troubles.
func next(exercises []check.Exercise) string {
	if e, ok := first(exercises, check.Fail); ok {
		return fmt.Sprintf("%s: change %s, then make check EX=%s", e.ID, fileOf(e), bareName(e.ID))
	}
	if e, ok := first(exercises, check.NotStarted); ok {
		return fmt.Sprintf("%s: read %s, then edit %s", e.ID, lesson(e), fileOf(e))
	}
	if _, ok := first(exercises, check.Error); ok {
		return "run it again; bin/wirelab lab doctor tells which labs work on this machine"
	}
	return "nothing: every exercise here passes"
}

func first(exercises []check.Exercise, s check.Status) (check.Exercise, bool) {
	for _, e := range exercises {
		if e.Status == s {
			return e, true
		}
	}
	return check.Exercise{}, false
}

// fileOf is the file to edit, or the folder where the report names none.
func fileOf(e check.Exercise) string {
	if e.LookAt != "" {
		return e.LookAt
	}
	return "exercises/" + e.ID
}

// bareName takes the number off an exercise's id: "06_probe" is "probe".
func bareName(id string) string {
	number, name, found := strings.Cut(id, "_")
	if !found || strings.Trim(number, "0123456789") != "" {
		return id
	}
	return name
}
