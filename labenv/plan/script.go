package plan

import (
	"errors"
	"time"
)

// Script is what a Scripted port says to each client, to the byte. Its zero value
// says nothing, ever.
type Script struct {
	// Opening is said when a client connects, piece by piece.
	Opening [][]byte `json:"opening,omitempty"`
	// Pause lies between two pieces.
	Pause time.Duration `json:"pause,omitempty"`
	// Endless goes on with the last piece until the client leaves.
	Endless bool `json:"endless,omitempty"`
	// Answer is said to the first that a client sends, whatever it is.
	Answer []byte `json:"answer,omitempty"`
	// HangUp closes the connection when all is said.
	HangUp bool `json:"hang_up,omitempty"`
}

func (s *Script) validate() error {
	if s != nil && s.Endless && (len(s.Opening) == 0 || len(s.Opening[len(s.Opening)-1]) == 0) {
		return errors.New("a script without a last piece cannot be endless")
	}
	return nil
}

// WithScript sets what a Scripted port says.
func WithScript(s Script) Option { return func(p *Port) { p.Script = &s } }

// Says is a script that begins with these pieces.
func Says(pieces ...string) Script {
	var s Script
	for _, p := range pieces {
		s.Opening = append(s.Opening, []byte(p))
	}
	return s
}
