package halfopen

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// onInterface ties a socket to an interface (socket(7), SO_BINDTODEVICE). Tied
// to "" it is not tied.
func onInterface(name string) controller {
	if name == "" {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		closed := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), name) })
		if closed != nil {
			return closed
		}
		if err != nil {
			return fmt.Errorf("use interface %q: %w", name, err)
		}
		return nil
	}
}
