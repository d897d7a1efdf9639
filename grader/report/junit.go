package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"wirelab/grader/check"
)

// JUnit writes the report as JUnit XML, as CI systems read it: a suite for each
// exercise, a case for each check. What is blocked or not started has no points,
// and is a failure: consumers show what is skipped as if it were well.
func JUnit(w io.Writer, r check.Report) error {
	all := junit.Testsuites{Name: "wirelab", Time: seconds(r.DurationMS)}
	for i, e := range r.Exercises {
		all.AddSuite(suite(e, i))
	}
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func suite(e check.Exercise, id int) junit.Testsuite {
	s := junit.Testsuite{Name: cleanLine(e.ID), ID: id, Time: seconds(e.DurationMS), File: cleanLine(e.LookAt)}
	if len(e.Checks) == 0 {
		s.AddTestcase(testcase(e.ID, "whole", cleanLine(e.Title), e.Status, whole(e), e.DurationMS))
	}
	for i, c := range e.Checks {
		one := testcase(e.ID, c.ID, cleanLine(c.Title), c.Status, why(e, i), c.DurationMS)
		if c.Output != "" {
			kept, _ := clip(clean(c.Output), outputLimit)
			one.SystemOut = &junit.Output{Data: kept}
		}
		s.AddTestcase(one)
	}
	return s
}

func testcase(exercise, id, title string, status check.Status, why string, ms int64) junit.Testcase {
	t := junit.Testcase{Name: title, Classname: cleanLine(exercise + "." + id), Time: seconds(ms)}
	reason := &junit.Result{Message: cleanLine(headline(why)), Type: cleanLine(string(status)), Data: why}
	switch exitOf(status) {
	case exitPassed:
	case exitFailed:
		t.Failure = reason
	default:
		t.Error = reason
	}
	return t
}

// headline is the first line of a text.
func headline(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(first)
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }
