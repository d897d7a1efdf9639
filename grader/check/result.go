package check

// Status is how a check, or an exercise, came out.
type Status string

// The outcomes. A check is never NotStarted, an exercise never Blocked.
const (
	Pass       Status = "pass"
	Fail       Status = "fail"
	Blocked    Status = "blocked"     // a check that it needs did not pass
	Error      Status = "error"       // the kit's fault, never the learner's
	NotStarted Status = "not-started" // the files are the kit's own stubs
)

// Report is one grading run. Its JSON form is documented in docs/report.md;
// field names are fixed, more may be added.
type Report struct {
	Version    int        `json:"version"` // 1
	Kit        string     `json:"kit"`     // version of the kit
	Lab        string     `json:"lab"`     // "netns" or "docker"
	Seed       uint64     `json:"seed"`    // repeats the run: --seed
	Submission Submission `json:"submission"`
	Points     int        `json:"points"`
	MaxPoints  int        `json:"max_points"`
	Status     Status     `json:"status"`
	DurationMS int64      `json:"duration_ms"`
	Exercises  []Exercise `json:"exercises"`
}

// Submission identifies what was graded.
type Submission struct {
	ID     string `json:"id"`     // the folder that was graded
	SHA256 string `json:"sha256"` // over names and contents of the files taken, hex
}

// Exercise is the outcome of one exercise.
type Exercise struct {
	ID         string   `json:"id"`    // "06_probe"
	Title      string   `json:"title"` // "one port, one verdict"
	Status     Status   `json:"status"`
	Points     int      `json:"points"`
	MaxPoints  int      `json:"max_points"`
	Headline   string   `json:"headline,omitempty"` // what Message is about, where no check ran: "does not compile"
	Message    string   `json:"message,omitempty"`  // compiler output, a refusal or an error
	Notes      []string `json:"notes,omitempty"`    // remarks that cost nothing
	LookAt     string   `json:"look_at,omitempty"`  // the learner's file
	DurationMS int64    `json:"duration_ms"`
	Checks     []Result `json:"checks"`
}

// Result is the outcome of one check.
type Result struct {
	ID         string   `json:"id"`    // "silent-is-filtered"
	Title      string   `json:"title"` // "a port that stays silent is FILTERED"
	Status     Status   `json:"status"`
	Points     int      `json:"points"`
	MaxPoints  int      `json:"max_points"`
	Message    string   `json:"message,omitempty"`  // why, in a sentence or a few lines
	Expected   string   `json:"expected,omitempty"` // "FILTERED (no-response)"
	Actual     string   `json:"actual,omitempty"`   // "Probe(10.77.0.10:41877, timeout 300ms) returned CLOSED (conn-refused)"
	Frames     []Frame  `json:"frames,omitempty"`
	Aftermath  string   `json:"aftermath,omitempty"`  // what follows the last frame: "nothing more: 300 ms later Probe gave up"
	Lesson     string   `json:"lesson,omitempty"`     // the sentence to remember
	Capture    string   `json:"capture,omitempty"`    // below the reports folder: "06_probe/silent-is-filtered.pcapng"
	Hint       string   `json:"hint,omitempty"`       // the command that says more
	Output     string   `json:"output,omitempty"`     // what the learner's program printed, cut
	Steps      []string `json:"steps,omitempty"`      // the action log
	BlockedBy  string   `json:"blocked_by,omitempty"` // id of the check that failed first
	DurationMS int64    `json:"duration_ms"`
}

// Frame is one frame of the evidence.
type Frame struct {
	Number  int     `json:"number"`  // as Wireshark counts, from 1
	TimeMS  float64 `json:"time_ms"` // since the first frame of the conversation
	From    string  `json:"from"`    // "seat", "target" or "neighbour"
	To      string  `json:"to"`
	Summary string  `json:"summary"` // "SYN", "RST-ACK", "ICMP host unreachable (3/1)"
	// Deciding marks the frame from which the verdict follows.
	Deciding bool `json:"deciding,omitempty"`
}
