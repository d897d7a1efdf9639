package relay

import (
	"time"

	"wirelab/labenv/labhost/protocol"
	"wirelab/labenv/plan"
)

// Calls to every container.
const (
	// Hello (none → HelloReply).
	Hello = "hello"
)

// HelloReply says who answers.
type HelloReply struct {
	// PID is the container's first process as its PID namespace numbers it.
	PID int `json:"pid"`
}

// Calls that make the network. They need CAP_NET_ADMIN.
const (
	// Wire ([]Link → none) joins containers by a bridge in this one.
	Wire = "net.wire"
	// Up (none → none) waits until all wires carry frames.
	Up = "net.up"
	// Unwire (none → none) takes the wires away, with all that is under way.
	Unwire = "net.unwire"
	// Configure (plan.Host → none) gives this container's end its addresses.
	Configure = "net.configure"
)

// Link is one wire of the bridge: to the container whose first process is PID.
type Link struct {
	Host plan.Host `json:"host"`
	PID  int       `json:"pid"`
}

// Calls to a host.
const (
	// Play (PlayRequest → none) starts the host; it answers when that is ready.
	Play = "host.play"
	// Stop (none → none) ends it.
	Stop = "host.stop"
	// Converse ([]plan.Client → []plan.Talk) has the host play clients.
	Converse = "host.converse"
	// Mark (MarkRequest → int) sends synchronisation frames and counts them.
	Mark = "host.mark"
	// Await (AwaitRequest → none) waits for that many.
	Await = "host.await"
	// Snapshot (none → SnapshotReply) is followed by the recording.
	Snapshot = "host.snapshot"
)

// AwaitPatience bounds how long Await waits in the container.
const AwaitPatience = 30 * time.Second

// PlayRequest asks a container to be a host.
type PlayRequest struct {
	Host plan.Host   `json:"host"`
	Zone []plan.Host `json:"zone"`
}

// MarkRequest asks for synchronisation frames to a host.
type MarkRequest struct {
	MAC   string `json:"mac"`
	Nonce uint64 `json:"nonce"`
}

// AwaitRequest asks to wait for Count of them.
type AwaitRequest struct {
	Nonce uint64 `json:"nonce"`
	Count int    `json:"count"`
}

// SnapshotReply describes the recording that follows it.
type SnapshotReply struct {
	Size     int64  `json:"size"` // bytes
	Complete bool   `json:"complete"`
	Why      string `json:"why,omitempty"`
}

// Calls to a seat, beside those of package protocol, which it passes on.
const (
	// Put (PutRequest, payload: an executable → none) keeps a program.
	Put = "program.put"
	// Begin (BeginRequest → protocol.ProgramReply) starts one that was kept.
	Begin = "program.begin"
	// Pipe (PipeRequest → none) makes the rest of the stream what a program
	// reads and writes.
	Pipe = "program.pipe"
)

// PutRequest names a program by its contents.
type PutRequest struct {
	SHA256 string `json:"sha256"`
}

// BeginRequest asks for a program that was put to be started.
type BeginRequest struct {
	SHA256   string                  `json:"sha256"`
	Program  protocol.ProgramRequest `json:"program"`
	Terminal bool                    `json:"terminal,omitempty"` // as labenv.Program has it
}

// The pipes of a program.
const (
	PipeChannel = "channel"
	PipeStdout  = "stdout"
	PipeStderr  = "stderr"
)

// PipeRequest names a pipe of a running program's.
type PipeRequest struct {
	PID  int    `json:"pid"`
	Pipe string `json:"pipe"`
}
