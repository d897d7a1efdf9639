package report_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
	"wirelab/grader/report"
)

// What people see is recorded in testdata, one file for each situation.
func TestText(t *testing.T) {
	for _, c := range []struct {
		name    string
		report  check.Report
		options report.Options
	}{
		{"passed", run(check.Pass, passed()), report.Options{}},
		{"passed-several", run(check.Pass, talk(), passed()), report.Options{}},
		{"sample", run(check.Fail, sample()), report.Options{}},
		{"sample-colour", run(check.Fail, sample()), report.Options{Color: true}},
		{"sample-narrow", run(check.Fail, sample()), report.Options{Width: 60}},
		{"blocked-chain", run(check.Fail, blockedChain()), report.Options{}},
		{"failures", run(check.Fail, failures()), report.Options{}},
		{"error", run(check.Error, judgedInPart()), report.Options{}},
		{"error-whole", run(check.Error, notJudged()), report.Options{Color: true}},
		{"not-started", run(check.NotStarted, notStarted()), report.Options{}},
		{"not-compiling", run(check.Fail, notCompiling()), report.Options{}},
		{"refused", run(check.Fail, refused()), report.Options{}},
		{"long-lines", run(check.Fail, longLines()), report.Options{Width: 72, ReportsDir: "/srv/grades/ada"}},
		{"two-exercises", run(check.Fail, talk(), sample()), report.Options{}},
		{"course", course(), report.Options{}},
		{"nothing", check.Report{Version: 1, Status: check.Error}, report.Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, c.name, text(t, c.report, c.options))
		})
	}
}

func passed() check.Exercise {
	c := result("silent-is-filtered", "a port that stays silent is FILTERED", check.Pass, 3, 3)
	return probe(check.Pass, opens(), refuses(), c, oneTimeout(check.Pass, 2))
}

func sample() check.Exercise {
	return probe(check.Fail, opens(), refuses(), silent(), oneTimeout(check.Blocked, 0))
}

func blockedChain() check.Exercise {
	later := result("closes", "no connection is left open", check.Blocked, 0, 2)
	later.BlockedBy = "silent-is-filtered"
	long := result("rtt", "the round trip is above zero, and not above the call's own time", check.Blocked, 0, 0)
	long.BlockedBy = "silent-is-filtered"
	unknown := result("cancel", "a cancel ends it", check.Blocked, 0, 1)
	unknown.BlockedBy = "a-check-of-old"
	bare := result("args", "bad arguments are errors", check.Blocked, 0, 1)
	return probe(check.Fail, silent(), oneTimeout(check.Blocked, 0), later, long, unknown, bare)
}

// failures are checks that fail without the one sentence of the sample.
func failures() check.Exercise {
	panics := result("icmp", "an ICMP error is FILTERED", check.Fail, 0, 3)
	panics.Message = "your code panicked: runtime error: index out of range [0] with length 0\n\n" +
		"\tprobe.Probe\n\t\texercises/06_probe/probe.go:31\n\tprobe.reasonOf\n\t\texercises/06_probe/probe.go:58"
	panics.Output = "dialling 10.77.0.10:41877\r\ngot\tECONNREFUSED\n"

	steps := result("one-attempt", "one probe is one connection", check.Fail, 0, 2)
	steps.Steps = []string{"port 41877 is told to stay silent", "Probe(10.77.0.10:41877, timeout 300ms)", "connections counted by source port: 2"}
	steps.Message = "There were two attempts where one was asked for."
	steps.Frames = []check.Frame{
		{Number: 8, From: "seat", To: "target", Summary: "SYN"},
		{Number: 1021, TimeMS: 12345.6789, From: "target", To: "seat", Summary: "ICMP host unreachable (3/1)"},
		{Number: 1022, TimeMS: 12346, From: "seat", To: "neighbour", Summary: "SYN"},
	}

	values := result("banner", "the banner comes whole", check.Fail, 0, 2)
	values.Actual = "Text: \"220 ftp\"\n      ^ the rest is missing"
	values.Expected = "Text: \"220 ftp ready\\r\\n\""
	values.Aftermath = "nothing at all was sent"

	e := probe(check.Fail, opens(), panics, steps, values)
	e.Notes = []string{"contract.go is not the kit's; the kit's own was used"}
	return e
}

func judgedInPart() check.Exercise {
	c := result("silent-is-filtered", "a port that stays silent is FILTERED", check.Error, 0, 3)
	c.Message = "the plan says silent, the capture shows an answer: frame 12, RST-ACK"
	c.Steps = []string{"start the lab", "read the capture"}
	c.Capture = "06_probe/silent.pcapng"
	return probe(check.Error, opens(), refuses(), c, oneTimeout(check.Blocked, 0))
}

func notJudged() check.Exercise {
	e := probe(check.Error)
	e.Message = "start the netns lab: unshare: operation not permitted"
	return e
}

func notStarted() check.Exercise { return probe(check.NotStarted) }

func notCompiling() check.Exercise {
	e := probe(check.Fail)
	e.Headline = "does not compile"
	e.Message = "exercises/06_probe/probe.go:14:2: declared and not used: conn\n" +
		"exercises/06_probe/probe.go:21:9: cannot use err (variable of interface type error) as port.Result value in return statement\n"
	return e
}

func refused() check.Exercise {
	e := probe(check.Fail)
	e.Headline = "files refused"
	e.Message = "probe.go:5: import \"unsafe\" is not allowed here"
	return e
}

func longLines() check.Exercise {
	title := result("long", "a title that goes on for longer than a narrow terminal has room for, and so has to be wrapped", check.Fail, 0, 3)
	title.Actual = "Probe([2001:db8:77:1234:5678:9abc:def0:1]:41877, timeout 300ms) returned CLOSED (conn-refused)"
	title.Expected = "FILTERED (no-response)"
	title.Message = "A sentence that is longer than the line is broken between its words, and goes on below.\n" +
		"  PORT    STATE      REASON          SERVICE     and a table is left as it was, however wide\n" +
		"  22      OPEN       syn-ack         ssh\n" +
		"    an indented line that is too long keeps its indentation when it goes on\n" +
		"https://example.org/" + strings.Repeat("a-path-without-a-blank/", 4)
	title.Frames = []check.Frame{{Number: 3, From: "target", To: "seat", Summary: "ICMP communication administratively prohibited (3/13), quoting your SYN"}}
	title.Steps = []string{"a step whose description is far longer than what one line of this narrow terminal can hold"}
	title.Output = strings.Repeat("0123456789", 12)
	title.Hint = "make hint EX=a_rather_long_name"
	title.Capture = "06_probe/long.pcapng"
	blocked := result("next", "the one after that", check.Blocked, 0, 1)
	blocked.BlockedBy = "long"
	after := result("last", "and the one after", check.Blocked, 0, 1)
	after.BlockedBy = "long"
	wide := result("wide", "幅の広い文字 are two columns each", check.Pass, 1, 1)
	return probe(check.Fail, title, blocked, after, wide)
}

// course is a learner half-way through, on a machine with a broken lab.
func course() check.Report {
	scan := check.Exercise{ID: "07_scan", Title: "many ports", Status: check.NotStarted, MaxPoints: 12, LookAt: "exercises/07_scan/scan.go"}
	read := check.Exercise{ID: "11_read", Title: "read a capture", Status: check.NotStarted, MaxPoints: 8}
	broken := notJudged()
	return run(check.Error, talk(), talk(), broken, scan, read)
}

func TestTextSaysWhatToDoNext(t *testing.T) {
	failing, untouched := sample(), notStarted()
	untouched.ID = "03_retry"
	nameless := sample()
	nameless.ID, nameless.LookAt = "review", ""
	for _, c := range []struct {
		name      string
		exercises []check.Exercise
		want      string
	}{
		{"what was begun comes first", []check.Exercise{untouched, failing}, "06_probe: change exercises/06_probe/probe.go, then make check EX=probe"},
		{"then the first not started", []check.Exercise{talk(), untouched, notJudged()}, "03_retry: read exercises/03_retry/README.md, then edit"},
		{"a name without number or file", []check.Exercise{talk(), nameless}, "review: change exercises/review, then make check EX=review"},
		{"only the kit is at fault", []check.Exercise{talk(), notJudged()}, "run it again; bin/wirelab lab doctor"},
		{"all done", []check.Exercise{talk(), talk()}, "nothing: every exercise here passes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Contains(t, text(t, run(check.Fail, c.exercises...), report.Options{}), c.want)
		})
	}
}

// Without the colours the text is the plain one: nothing is told by them alone.
func TestTextColourAddsNothingElse(t *testing.T) {
	r := run(check.Error, sample(), failures(), judgedInPart(), talk(), notCompiling())
	coloured := text(t, r, report.Options{Color: true})
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
		require.Contains(t, coloured, code)
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	assert.Equal(t, text(t, r, report.Options{}), coloured)
}

func TestTextCutsLongLists(t *testing.T) {
	c := silent()
	c.Actual = "" // where the answer is shown, the steps are not
	c.Frames = make([]check.Frame, 200)
	c.Steps = make([]string, 120)
	c.Steps[119] = "the last step"
	got := text(t, run(check.Fail, probe(check.Fail, c)), report.Options{})
	assert.Contains(t, got, "(170 more frames are in the capture)")
	assert.Contains(t, got, "(70 earlier steps are left out)")
	assert.Contains(t, got, "119  the last step\n        ***** here it failed\n")
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWritersErrorIsPassedOn(t *testing.T) {
	require.ErrorIs(t, report.Text(fullDisk{}, run(check.Pass, passed()), report.Options{}), errFull)
	require.ErrorIs(t, report.JSON(fullDisk{}, run(check.Pass, passed())), errFull)
}
