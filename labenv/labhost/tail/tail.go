// Package tail keeps the last words of a program, for the error that tells of
// its end.
package tail

import "sync"

// Max is how much is kept, in bytes.
const Max = 4096

// Tail keeps the end of what is written to it. The zero value is ready to use.
type Tail struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps the last Max bytes.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-Max):]
	return len(p), nil
}

// String returns what was kept.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
