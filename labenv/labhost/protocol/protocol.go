// Package protocol is what the parts of a lab in namespaces say to each other:
// the names and shapes of the calls that netns makes to the program labhost,
// over package fdrpc. Both ends are built from the same source at the same
// time, so it has no versions.
package protocol

import (
	"time"

	"wirelab/labenv"
	"wirelab/labenv/plan"
	"wirelab/labenv/sandbox"
)

// The modes of labhost, its first argument.
const (
	ModeNetwork = "network" // all hosts of a lab and the bridge between them
	ModeSeat    = "seat"    // first process of the seat
	ModeEnter   = "enter"   // sandboxes itself, then becomes the learner's program
	ModeCompile = "compile" // the compiler's sandbox
	ModeContain = "contain" // first process of a container, whatever it is for

	// ModePractice is one host of the practice lab in a container that
	// docker-compose.yml describes. Its argument is the host's name.
	ModePractice = "practice"
)

// PracticeReady begins the line that ModePractice prints once the host can be
// scanned: whoever started the container waits for it.
const PracticeReady = "ready: "

// Channel is the descriptor on which every mode finds its socket.
const Channel = 3

// Calls to ModeNetwork.
const (
	// StartLab (StartRequest → none) builds the lab and returns when it is
	// ready; the answer's file is the socket of the seat.
	StartLab = "lab.start"
	// Captures (none → CapturesReply) returns the recordings as two files,
	// target's and neighbour's.
	Captures = "lab.captures"
	// Converse ([]plan.Client → []plan.Talk) has the target play clients.
	Converse = "lab.converse"
	// Describe (none → plan.Plan) says which plan is played.
	Describe = "lab.describe"
)

// SeatSocket is the abstract Unix socket on which an interactive seat can call
// Captures and Describe.
const SeatSocket = "@wirelab"

// StartRequest asks for a lab.
type StartRequest struct {
	Plan plan.Plan `json:"plan"`
	Seat SeatKind  `json:"seat"`
}

// SeatKind says whom the seat is for.
type SeatKind struct {
	// Interactive seats keep the user's own file system and uid; the others
	// are root of their own user namespace and show nothing.
	Interactive bool `json:"interactive,omitempty"`
	// UIDs and GIDs are the identities of an interactive seat, each mapped to
	// itself.
	UID  int  `json:"uid,omitempty"`
	GID  int  `json:"gid,omitempty"`
	Many bool `json:"many,omitempty"` // root started the kit: identities 0 to 65535 exist
}

// CapturesReply describes the recordings that come as files.
type CapturesReply struct {
	Complete bool   `json:"complete"`
	Why      string `json:"why,omitempty"`
	Sync     uint64 `json:"sync"`
}

// Calls to ModeSeat.
const (
	// StartProgram (ProgramRequest → ProgramReply) runs a program. Its files
	// are the executable, descriptor 3, stdout and stderr.
	StartProgram = "program.start"
	// RunCommand (CommandRequest → ProgramReply) runs a command of the user's
	// own in an interactive seat. Its files are stdin, stdout and stderr.
	RunCommand = "command.run"
	// WaitProgram (ProgramReply → labenv.Exit).
	WaitProgram = "program.wait"
	// SignalProgram (SignalRequest → none).
	SignalProgram = "program.signal"
	// ListDescriptors (ProgramReply → []int).
	ListDescriptors = "program.descriptors"
	// LimitDescriptors (LimitRequest → none).
	LimitDescriptors = "program.limit"
)

// ProgramRequest asks for a program to be started.
type ProgramRequest struct {
	Args   []string          `json:"args"`
	NetRaw bool              `json:"net_raw"`
	Files  map[string][]byte `json:"files,omitempty"` // as labenv.Program has them
	Limits labenv.Limits     `json:"limits"`
	Guards sandbox.Guards    `json:"guards"`
	// Contained is set where the seat is a container; see sandbox.Config.
	Contained bool `json:"contained,omitempty"`
}

// CommandRequest asks for a command in an interactive seat.
type CommandRequest struct {
	Path string   `json:"path"`
	Args []string `json:"args"` // the first is the command's name
	Env  []string `json:"env"`
	Dir  string   `json:"dir"`
}

// ProgramReply names a running program: its process id in the seat.
type ProgramReply struct {
	PID int `json:"pid"`
}

// SignalRequest asks for a signal to be sent.
type SignalRequest struct {
	PID    int `json:"pid"`
	Signal int `json:"signal"`
}

// LimitRequest asks for RLIMIT_NOFILE to be set.
type LimitRequest struct {
	PID         int `json:"pid"`
	Descriptors int `json:"descriptors"`
}

// Build (BuildRequest → BuildReply) is the call to ModeCompile. Where the build
// succeeds, the answer's file is the program.
const Build = "build"

// BuildRequest asks for a program.
type BuildRequest struct {
	GoRoot     string `json:"goroot"`     // of the toolchain
	ModCache   string `json:"modcache"`   // GOMODCACHE
	BuildCache string `json:"buildcache"` // GOCACHE
	Kit        string `json:"kit"`        // the kit's root, an absolute path
	Package    string `json:"package"`    // "./grader/drivers/06_probe"
	Test       bool   `json:"test"`       // build the package's tests (`go test -c`), not a command
	Arch       string `json:"arch"`       // GOARCH of the program; "" is the kit's own
	// Replace holds files by their slash path below the kit's root; Remove
	// lists those that are to be as if they were not there.
	Replace map[string][]byte `json:"replace"`
	Remove  []string          `json:"remove"`
	Limits  BuildLimits       `json:"limits"`
}

// BuildLimits bound a build.
type BuildLimits struct {
	Memory   int64         `json:"memory"`    // bytes, of all processes together
	FileSize int64         `json:"file_size"` // bytes
	CPU      time.Duration `json:"cpu"`       // CPU time of each process
	Time     time.Duration `json:"time"`      // wall clock, of all together
}

// BuildReply is how a build ended.
type BuildReply struct {
	OK     bool   `json:"ok"`
	Output string `json:"output"` // what the go command said
	Memory bool   `json:"memory"` // ended for its memory
	CPU    bool   `json:"cpu"`    // ended for the CPU time of one process
	Time   bool   `json:"time"`   // ended for its time
}

// Backlog is how many connections may wait to be accepted at one port, and how
// many handshakes may be under way. A scan of one port by a thousand
// connections at once must not lose a SYN: silence would read as FILTERED.
const Backlog = 4096

// Setting is a file below /proc/sys/net and what it holds.
type Setting struct{ Name, Value string }

// HostSettings are what a host needs of its network namespace (ip-sysctl in
// the kernel's documentation).
var HostSettings = []Setting{
	{"core/somaxconn", "4096"}, // Backlog
	{"ipv4/tcp_max_syn_backlog", "4096"},
	// Beyond the backlog an answer by cookie is better than silence.
	{"ipv4/tcp_syncookies", "1"},
	// Every rejected port gets its ICMP error. Two limits are judged apart:
	// one for each peer, and one for all, which the mask lifts.
	{"ipv4/icmp_ratelimit", "0"},
	{"ipv4/icmp_ratemask", "0"},
	{"ipv6/icmp/ratelimit", "0"},
}

// SeatQueues are the settings below net.ipv4 that bound what a connection of
// the seat's may have under way, in bytes: at least, at first, at most
// (tcp(7)).
var SeatQueues = map[string]string{
	"tcp_rmem": "4096 65536 131072",
	"tcp_wmem": "4096 16384 131072",
}
