package report_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

func jsonOf(t *testing.T, r check.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.JSON(&b, r))
	return b.String()
}

func TestJSON(t *testing.T) {
	golden(t, "sample.json", jsonOf(t, run(check.Fail, sample(), notCompiling())))
}

// Other people's scripts read these names: none may go. New ones are listed
// under added, and docs/report.md tells of them.
func TestJSONFieldNames(t *testing.T) {
	fixed := map[string][]string{
		"report":     {"version", "kit", "lab", "seed", "submission", "points", "max_points", "status", "duration_ms", "exercises"},
		"submission": {"id", "sha256"},
		"exercise":   {"id", "title", "status", "points", "max_points", "message", "checks"},
		"check": {"id", "title", "status", "points", "max_points", "message", "expected", "actual",
			"frames", "capture", "hint", "output", "duration_ms"},
		"frame": {"number", "time_ms", "from", "to", "summary"},
	}
	added := map[string][]string{
		"exercise": {"headline", "notes", "look_at", "duration_ms"},
		"check":    {"aftermath", "lesson", "steps", "blocked_by"},
	}
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(jsonOf(t, filled("x", check.Fail))), &doc))
	exercise := element(t, doc, "exercises")
	result := element(t, exercise, "checks")
	for name, object := range map[string]map[string]any{
		"report": doc, "submission": doc["submission"].(map[string]any),
		"exercise": exercise, "check": result, "frame": element(t, result, "frames"),
	} {
		var keys []string
		for k := range object {
			keys = append(keys, k)
		}
		assert.ElementsMatch(t, append(fixed[name], added[name]...), keys, name)
	}
}

// element is the first object of a list.
func element(t *testing.T, object map[string]any, list string) map[string]any {
	t.Helper()
	elements, ok := object[list].([]any)
	require.True(t, ok, list)
	require.NotEmpty(t, elements, list)
	first, ok := elements[0].(map[string]any)
	require.True(t, ok, list)
	return first
}

func TestJSONReadsBack(t *testing.T) {
	want := run(check.Fail, sample(), failures(), judgedInPart())
	var got check.Report
	require.NoError(t, json.Unmarshal([]byte(jsonOf(t, want)), &got))
	assert.Equal(t, want, got)
}

func TestJSONListsAreNeverNull(t *testing.T) {
	assert.Contains(t, jsonOf(t, check.Report{}), `"exercises": []`)
	given := run(check.NotStarted, notStarted())
	assert.Contains(t, jsonOf(t, given), `"checks": []`)
	assert.Nil(t, given.Exercises[0].Checks, "the report given stays as it was")
}

// The document holds foreign text unchanged, and is still safe to print.
func TestJSONHostileText(t *testing.T) {
	c := silent()
	c.Output = strings.ToValidUTF8(attack, "?") + "<&>"
	want := run(check.Fail, probe(check.Fail, c))
	doc := jsonOf(t, want)
	requireHarmless(t, doc)
	assert.Contains(t, doc, "<&>")
	assert.True(t, strings.HasSuffix(doc, "}\n") && !strings.HasSuffix(doc, "\n\n"))
	var got check.Report
	require.NoError(t, json.Unmarshal([]byte(doc), &got))
	assert.Equal(t, want, got)
}

func TestJSONRefusesNaN(t *testing.T) {
	c := silent()
	c.Frames[0].TimeMS = math.NaN()
	var b strings.Builder
	var bad *json.UnsupportedValueError
	require.ErrorAs(t, report.JSON(&b, run(check.Fail, probe(check.Fail, c))), &bad)
	assert.Empty(t, b.String())
}
