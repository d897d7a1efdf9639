// Package orders is what the conformance suite and the program seatprog say to
// each other: a line of JSON for each request, and one for its reply.
package orders

import "time"

// What a request can ask for, in Request.Do.
const (
	Dial     = "dial"     // TCP connections to all of To at once, which are held
	Send     = "send"     // Data over connection Number
	Receive  = "receive"  // up to Max bytes from connection Number
	Close    = "close"    // connection Number; all for 0
	Listen   = "listen"   // at To[0], for clients who are treated as Text says
	Ask      = "ask"      // a datagram with Data to To[0], and its answer
	Ping     = "ping"     // an ICMP message, Data, to To[0], and an answer
	Frame    = "frame"    // an Ethernet frame, Data, from the seat's interface
	Flood    = "flood"    // that frame Number times over
	Describe = "describe" // arguments, environment, and what stdin holds
	Print    = "print"    // Data to stdout, Text to stderr
	Exit     = "exit"     // with status Number; there is no reply
	Open     = "open"     // Number descriptors
	Socket   = "socket"   // one of Family, Type and protocol Number, to see whether it may
	Allocate = "allocate" // Number MiB of memory
	Spin     = "spin"     // for ever; there is no reply
	Catch    = "catch"    // signal Number from now on
	Caught   = "caught"   // reports the next signal that was caught
	File     = "file"     // what file Text holds; Number is how it is opened (open(2))
	Look     = "look"     // at file Text by its path (stat(2)): its size and mode
	Terminal = "terminal" // of which size descriptor Number is (ioctl_tty(2))
)

// How a program that listens treats its clients.
const (
	Echo   = "echo"   // sends back what comes
	HangUp = "hangup" // closes once something has come
	Reset  = "reset"  // resets the connection then
	Garble = "garble" // sends back something else from the fourth byte on
	Ignore = "ignore" // says nothing
)

// Stay is an argument with which the program obeys nothing and outlives its
// channel.
const Stay = "-stay"

// Timeout and EOF stand for these ends in a reply's Err.
const (
	Timeout = "timeout"
	EOF     = "EOF"
)

// Request is what the suite asks for.
type Request struct {
	Do      string        `json:"do"`
	To      []string      `json:"to,omitempty"` // addresses with port, IP addresses for Ping
	Number  int           `json:"number,omitempty"`
	Max     int           `json:"max,omitempty"`
	Timeout time.Duration `json:"timeout,omitempty"`
	Data    []byte        `json:"data,omitempty"`
	Text    []byte        `json:"text,omitempty"`
	Family  int           `json:"family,omitempty"` // Linux numbers, socket(2)
	Type    int           `json:"type,omitempty"`
}

// Reply is what came of it. Err is "" where all went well, else the name of
// the errno ("ECONNREFUSED"), Timeout, EOF, or an error's text.
type Reply struct {
	Err    string    `json:"err,omitempty"`
	Data   []byte    `json:"data,omitempty"`
	Number int       `json:"number,omitempty"`
	Dials  []Dialled `json:"dials,omitempty"`
	Args   []string  `json:"args,omitempty"`
	Env    []string  `json:"env,omitempty"`
	Size   []int     `json:"size,omitempty"` // in columns and rows; in bytes, and the mode
}

// Dialled is what came of one connection.
type Dialled struct {
	Err  string        `json:"err,omitempty"` // as in Reply
	ID   int           `json:"id,omitempty"`  // the connection's number, where there is one
	Took time.Duration `json:"took"`
}
