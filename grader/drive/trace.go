package drive

import (
	"regexp"
	"slices"
	"strings"
)

const (
	maxReason = 1 << 10 // bytes of a panic's text that are kept
	maxStack  = 20      // frames of a stack that are kept
)

// trace is what Go's runtime prints when a program dies: why, then the stacks
// of one goroutine or of all. The format is that of runtime/debug.PrintStack
// and of the runtime's panic.go; the words come from a foreign program, so
// nothing in it is taken for granted.
type trace struct {
	text       string // all of it, as printed
	reason     string // "panic: …" or "fatal error: …"
	goroutines []goroutine
}

// goroutine holds the learner's frames of one goroutine.
type goroutine struct {
	serving bool     // it serves a call, or did when it died
	frames  []string // the innermost first
	started string   // the learner's frame that started it, if any
}

var (
	// traceStart matches the line that says why, with what the runtime prints
	// before it where a stack or the memory is too large.
	traceStart = regexp.MustCompile(`(?m)^(?:runtime: .*\n|sp=.*\n)*((?:panic|fatal error|SIG[A-Z]+): )`)
	// traceHeader matches "goroutine 18 [running]:" and its longer forms.
	traceHeader = regexp.MustCompile(`(?m)^goroutine \d+ .*\[.*\]:$`)
)

// servingFunc is in the stack of every goroutine that serves a call.
const servingFunc = "wirelab/grader/drivers/serve.(*server).serve("

// parseTrace finds the last trace in what a program printed on standard error.
// Without one, or with only a later part of one, there is no reason.
func parseTrace(stderr string) trace {
	stderr = strings.ReplaceAll(stderr, "\r\n", "\n") // as terminals end lines
	headers := traceHeader.FindAllStringIndex(stderr, -1)
	if len(headers) == 0 {
		return trace{}
	}
	begin, reason := headers[0][0], ""
	last := headers[len(headers)-1][0]
	if starts := traceStart.FindAllStringSubmatchIndex(stderr[:last], -1); len(starts) > 0 {
		start := starts[len(starts)-1]
		begin, reason = start[0], reasonOf(stderr[start[2]:])
	}
	return trace{text: stderr[begin:], reason: reason, goroutines: parseGoroutines(stderr[begin:])}
}

// reasonOf takes the reason off the beginning of a trace: the lines up to the
// blank one that the goroutines follow, without the machine's addresses.
func reasonOf(s string) string {
	if at := traceHeader.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	s, _, _ = strings.Cut(s, "\n\n")
	lines := slices.DeleteFunc(strings.Split(s, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "[signal ") || strings.HasPrefix(line, "PC=")
	})
	s = strings.TrimRight(strings.Join(lines, "\n"), "\n")
	return strings.ToValidUTF8(s[:min(len(s), maxReason)], "\uFFFD")
}

// parseGoroutines reads the stacks: a header, then for each frame a line with
// the function and an indented one with the position.
func parseGoroutines(s string) []goroutine {
	var gs []goroutine
	function := ""
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case traceHeader.MatchString(line):
			gs = append(gs, goroutine{})
		case len(gs) == 0:
		case strings.HasPrefix(line, "\t"):
			gs[len(gs)-1].add(function, line[1:])
		default:
			function = line
		}
	}
	return gs
}

func (g *goroutine) add(function, position string) {
	g.serving = g.serving || strings.HasPrefix(function, servingFunc)
	starter, started := strings.CutPrefix(function, "created by ")
	frame := learnerFrame(starter, position)
	switch {
	case frame == "":
	case started:
		g.started = frame
	case len(g.frames) < maxStack:
		g.frames = append(g.frames, frame)
	}
}

// learnerFrame renders a frame as "exercises/06_probe/probe.go:23 in Probe". It
// is empty for a frame that is not of an exercise.
func learnerFrame(function, position string) string {
	i := strings.LastIndex(position, "/exercises/")
	if i < 0 {
		return ""
	}
	position, _, _ = strings.Cut(position[i+1:], " ")
	function, _, _ = strings.Cut(function, " in goroutine ")
	function = function[strings.LastIndex(function, "/")+1:]
	if args := strings.LastIndex(function, "("); strings.HasSuffix(function, ")") && args > 0 {
		function = function[:args]
	}
	_, name, _ := strings.Cut(function, ".")
	return strings.ToValidUTF8(position+" in "+name, "\uFFFD")
}

// first returns the learner's stack of the goroutine that died: the first one
// printed. Where that was in nobody's code but Go's, it is who started it.
func (t trace) first() []string {
	for _, g := range t.goroutines {
		if len(g.frames) > 0 {
			return slices.Compact(g.frames)
		}
		if g.started != "" {
			return []string{g.started}
		}
	}
	return nil
}

// all returns the learner's frames in every goroutine, each once: those that
// serve calls come first.
func (t trace) all() []string {
	var serving, others, starters []string
	for _, g := range t.goroutines {
		if g.serving {
			serving = append(serving, g.frames...)
		} else {
			others = append(others, g.frames...)
		}
		if g.started != "" {
			starters = append(starters, g.started)
		}
	}
	frames := unique(append(serving, others...))
	if len(frames) == 0 {
		frames = unique(starters)
	}
	return frames[:min(len(frames), maxStack)]
}

func unique(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
