//go:build !linux

package halfopen

import (
	"fmt"
	"syscall"
)

// onInterface refuses every interface by name: elsewhere than on Linux each
// system has its own way to choose one.
func onInterface(name string) controller {
	if name == "" {
		return nil
	}
	return func(_, _ string, _ syscall.RawConn) error {
		return fmt.Errorf("use interface %q: not on this system", name)
	}
}
