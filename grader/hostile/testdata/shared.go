package probe

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"wirelab/exercises/port"
)

var once sync.Once

// Probe attacks once, and then answers every question as it should: what is
// held against it is the attack and nothing else.
func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {
	once.Do(func() { attack(target) })
	return honest(ctx, target, timeout)
}

// got reports what the attack has achieved.
func got(format string, args ...any) { fmt.Printf("got "+format+"\n", args...) }

// tried reports a step of the attack, by its error.
func tried(err error, format string, args ...any) {
	if err == nil {
		got(format, args...)
		return
	}
	fmt.Println("no", fmt.Sprintf(format, args...)+":", err)
}
