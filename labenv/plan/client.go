package plan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Client is one TCP conversation that a host of the lab begins: whom it calls,
// what it sends, and how it behaves. It reads while it sends, unless it is
// told otherwise, and holds what comes against what it has sent.
type Client struct {
	// To is who is called. It is not looked at where Resume is set.
	To netip.AddrPort `json:"to"`
	// Resume goes on with a conversation that was kept: Talk.Kept. 0 begins
	// a new one.
	Resume int `json:"resume,omitempty"`
	// Send is how many bytes are sent. They are the next of Stream(Seed), so
	// that a conversation that goes on keeps its seed.
	Send int64  `json:"send,omitempty"`
	Seed uint64 `json:"seed,omitempty"`
	// Piece is the most that is sent at once; 0 is as much as will go.
	Piece int `json:"piece,omitempty"`
	// Pace is the pause after each piece: a client that drips.
	Pace time.Duration `json:"pace,omitempty"`
	// InTurn has each piece wait until the one before it has come back.
	InTurn bool `json:"in_turn,omitempty"`
	// Deaf clients read nothing.
	Deaf bool `json:"deaf,omitempty"`
	// Delay is how long nothing is read at first.
	Delay time.Duration `json:"delay,omitempty"`
	// Finally is what follows once all is sent.
	Finally Finally `json:"finally"`
	// Patience is how long the client waits for anything: a connection, room
	// to send, a byte, the end. 0 is DefaultPatience.
	Patience time.Duration `json:"patience,omitempty"`
}

// DefaultPatience is long enough for the busiest machine.
const DefaultPatience = 15 * time.Second

// Finally is what a client does once it has sent all that it sends.
type Finally string

// The ends of a client's part.
const (
	// Finish waits until all that was sent has come back, then sends FIN and
	// waits for the server's.
	Finish Finally = "finish"
	// HalfClose sends FIN at once, then reads until the server ends it.
	HalfClose Finally = "half-close"
	// Abort resets the connection at once (RFC 9293, section 3.5.2).
	Abort Finally = "abort"
	// Keep waits until all that was sent has come back, if the client is not
	// deaf, and leaves the connection as it is, to be resumed. What a deaf
	// client could not send within its patience stays unsent.
	Keep Finally = "keep"
	// Remain sends no FIN and reads until the server ends it.
	Remain Finally = "remain"
)

// Validate reports what no host can play. Its errors match ErrInvalid.
func (c Client) Validate() error {
	switch {
	case c.Resume == 0 && (!c.To.IsValid() || c.To.Port() == 0):
		return fmt.Errorf("%w: a client calls nobody: %v", ErrInvalid, c.To)
	case c.Resume < 0 || c.Send < 0 || c.Piece < 0 || c.Pace < 0 || c.Delay < 0 || c.Patience < 0:
		return fmt.Errorf("%w: a client has a negative number: %+v", ErrInvalid, c)
	case c.InTurn && c.Deaf:
		return fmt.Errorf("%w: a deaf client cannot wait for what comes back", ErrInvalid)
	}
	switch c.Finally {
	case Finish, HalfClose, Remain:
		if c.Deaf {
			return fmt.Errorf("%w: a deaf client never learns of the end", ErrInvalid)
		}
		return nil
	case Abort, Keep:
		return nil
	}
	return fmt.Errorf("%w: a client ends in an unknown way, %q", ErrInvalid, c.Finally)
}

// Outcome is how a client's part ended.
type Outcome string

// The outcomes of a conversation.
const (
	Ended    Outcome = "ended"     // the server sent FIN
	WasReset Outcome = "was reset" // the server sent RST
	Refused  Outcome = "refused"   // there was no connection: RST to the SYN
	Waited   Outcome = "waited"    // the client's patience ended: nothing came, or nothing would go
	Done     Outcome = "done"      // the client ended it, or kept it, as it was told
	Failed   Outcome = "failed"    // something else: Talk.Why
)

// Talk is what came of a client. Counts are of the whole conversation, from
// before it was kept as well.
type Talk struct {
	// Addr is the client's own address; invalid where there was no connection.
	Addr netip.AddrPort `json:"addr"`
	// Kept is the number of a conversation that was kept; else 0.
	Kept     int     `json:"kept,omitempty"`
	Outcome  Outcome `json:"outcome"`
	Why      string  `json:"why,omitempty"` // an error's text, where one ended it
	Sent     int64   `json:"sent"`
	Received int64   `json:"received"`
	// Differs is the offset of the first byte that came and is not the one
	// that was sent there; -1 where there is none.
	Differs int64 `json:"differs"`
	// Took is how long this part lasted, Quiet how long its end came after the
	// last byte of it, or after its beginning.
	Took  time.Duration `json:"took"`
	Quiet time.Duration `json:"quiet"`
}

// ErrConverse is matched by the error of a conversation that cannot be played:
// one that nobody kept is to be resumed.
var ErrConverse = errors.New("the conversation cannot be played")

// Stream returns the bytes that clients with the seed send: Read never fails.
func Stream(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	copy(key[8:], "wirelab client")
	return rand.NewChaCha8(key)
}
