package trial

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"wirelab/labenv"
)

const (
	// kept is how much of what a test prints is looked at, in bytes.
	kept = 256 << 10
	// shown is how much of it a report may show, in bytes.
	shown = 4 << 10
	// flood is how much a test may print before it is stopped, in bytes.
	flood = 8 << 20
)

// transcript is what a test prints.
type transcript struct {
	mu    sync.Mutex
	data  []byte
	total int
}

// read takes in a stream until it ends, or until it is too much.
func (t *transcript) read(from io.Reader, stop context.CancelFunc) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		t.mu.Lock()
		t.total += n
		t.data = append(t.data, buf[:min(n, kept-len(t.data))]...)
		over := t.total > flood
		t.mu.Unlock()
		if over {
			stop()
		}
		if err != nil {
			return
		}
	}
}

func (t *transcript) flooded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total > flood
}

func (t *transcript) whole() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}

// mark begins the lines that package testing writes itself (cmd/test2json).
const mark = "\x16"

// text is the transcript for people: without marks and what begins and ends
// tests, and not too long.
func (t *transcript) text() string {
	s := noise.ReplaceAllString(strings.ToValidUTF8(t.whole(), "�"), "")
	s = strings.ReplaceAll(s, mark, "")
	if len(s) <= shown {
		return s
	}
	cut := shown
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "\n(more was printed than fits here)\n"
}

var (
	noise  = regexp.MustCompile(`(?m)^` + mark + `(=== .*|PASS|FAIL)\n`)
	ran    = regexp.MustCompile(`(?m)^` + mark + `=== RUN +(\S+)`)
	ended  = regexp.MustCompile(`(?m)^ *` + mark + `--- (PASS|FAIL|SKIP): (\S+)`)
	closed = regexp.MustCompile(`(?m)^` + mark + `(PASS|FAIL)$`)
)

// judge says what a test program's events and its end mean together.
func judge(output string, exit labenv.Exit) Outcome {
	var out Outcome
	var skipped []string
	passed := 0
	for _, m := range ended.FindAllStringSubmatch(output, -1) {
		switch m[1] {
		case "FAIL":
			out.Failed = append(out.Failed, m[2])
		case "SKIP":
			skipped = append(skipped, m[2])
		default:
			passed++
		}
	}
	last := ""
	if all := closed.FindAllStringSubmatch(output, -1); len(all) > 0 {
		last = all[len(all)-1][1]
	}
	panicked := exit.Code == 2 || strings.Contains(output, "\npanic: ") || strings.HasPrefix(output, "panic: ")
	switch {
	case exit.Memory:
		out.Why = "it used more memory than it may"
	case exit.Signal != 0:
		out.Why = fmt.Sprintf("it was killed by signal %d", exit.Signal)
	case panicked:
		out.Why = "it crashed"
	case len(skipped) > 0:
		out.Why = "it skips " + strings.Join(skipped, ", ")
	case !ran.MatchString(output):
		out.Why = "it holds no test that runs"
	case exit.Code == 1 && last == "FAIL" && len(out.Failed) > 0:
		out.Verdict = Caught
	case exit.Code == 0 && last == "PASS" && len(out.Failed) == 0 && passed > 0:
		out.Verdict = Accepted
	default:
		out.Why = fmt.Sprintf("it ended with exit status %d before its tests had", exit.Code)
	}
	slices.Sort(out.Failed)
	return out
}
