package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// The names of a report's fields that other people's programs read, and that
// every report has. They are written out, and not taken from package check:
// a name that changes there must not change here.
var (
	reportFields     = []string{"version", "kit", "lab", "seed", "submission", "points", "max_points", "status", "duration_ms", "exercises"}
	submissionFields = []string{"id", "sha256"}
	exerciseFields   = []string{"id", "title", "status", "points", "max_points", "checks"}
	checkFields      = []string{"id", "title", "status", "points", "max_points", "duration_ms"}
	frameFields      = []string{"number", "time_ms", "from", "to", "summary"}
)

// object is a JSON object.
type object map[string]any

// reportCommand reads a JSON report, holds that it has the fixed fields, and
// prints what it says, a line for each exercise and check. The fields of
// checks and frames that may be missing are printed as well.
func reportCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: report FILE")
	}
	r := readReport(ts, args[0])
	w := ts.Stdout()
	require := func(what string, o object, fields []string) {
		for _, f := range fields {
			if _, ok := o[f]; !ok {
				ts.Fatalf("the report's %s has no field %s: %v", what, f, o)
			}
		}
	}
	require("top", r, reportFields)
	require("submission", r.child("submission"), submissionFields)
	fmt.Fprintf(w, "all %v %v/%v lab %v seed %v\n", r["status"], r["points"], r["max_points"], r["lab"], r["seed"])
	seen := map[string]bool{}
	for _, e := range r.children("exercises") {
		require("exercise", e, exerciseFields)
		fmt.Fprintf(w, "%v %v %v/%v %v\n", e["id"], e["status"], e["points"], e["max_points"], e["message"])
		for _, c := range e.children("checks") {
			require("check", c, checkFields)
			fmt.Fprintf(w, "%v %v %v/%v\n", c["id"], c["status"], c["points"], c["max_points"])
			for name := range c {
				seen[name] = true
			}
			for _, f := range c.children("frames") {
				require("frame", f, frameFields)
			}
		}
	}
	fmt.Fprintln(w, "check fields:", strings.Join(slices.Sorted(maps.Keys(seen)), " "))
}

func readReport(ts *testscript.TestScript, name string) object {
	var r object
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(name)))
	d.UseNumber() // a seed is no floating-point number
	ts.Check(d.Decode(&r))
	return r
}

func (o object) child(name string) object {
	child, _ := o[name].(map[string]any)
	return child
}

func (o object) children(name string) []object {
	list, _ := o[name].([]any)
	var all []object
	for _, item := range list {
		child, _ := item.(map[string]any)
		all = append(all, child)
	}
	return all
}

// aTime is a time in prose, such as "300 ms" or "1.204s".
var aTime = regexp.MustCompile(`\d+(\.\d+)? ?(ns|µs|ms|s)\b`)

// twinsCommand holds that two reports say the same, whatever came first.
func twinsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: twins FILE FILE")
	}
	a, b := timeless("", map[string]any(readReport(ts, args[0]))), timeless("", map[string]any(readReport(ts, args[1])))
	if !reflect.DeepEqual(a, b) {
		ts.Fatalf("the reports differ (-%s +%s):\n%s", args[0], args[1], cmp.Diff(a, b))
	}
}

// timeless takes the times out of a JSON value, and what they decide where
// calls go out side by side: the order of what the learner's program printed,
// and the numbers of frames.
func timeless(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for child := range v {
			v[child] = timeless(child, v[child])
		}
		for _, gone := range []string{"duration_ms", "time_ms", "number"} {
			delete(v, gone)
		}
	case []any:
		for i := range v {
			v[i] = timeless(name, v[i])
		}
	case string:
		lines := strings.Split(aTime.ReplaceAllString(v, "TIME"), "\n")
		if name == "output" {
			slices.Sort(lines)
		}
		return strings.Join(lines, "\n")
	}
	return value
}
