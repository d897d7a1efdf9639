package netns_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// startLab starts a lab and closes it.
func startLab() error {
	l, err := maker()(context.Background(), plan.Practice())
	if err != nil {
		return err
	}
	return l.Close()
}

// forbid forbids a kind of namespace (namespaces(7)).
func forbid(limit string) error {
	if err := os.WriteFile(filepath.Join("/proc/sys/user", limit), []byte("0"), 0); err != nil {
		return err
	}
	return expectUnavailable()
}

// mask hides a part of /proc, as containers do. The kernel then lets nobody
// below mount one that shows it (mount_namespaces(7)): namespaces can be made,
// and are of no use.
func mask() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/proc/sys", "tmpfs", 0, ""); err != nil {
		return err
	}
	return expectUnavailable()
}

// expectUnavailable is content if a lab cannot be started for want of
// namespaces.
func expectUnavailable() error {
	err := startLab()
	switch {
	case !errors.Is(err, labenv.ErrUnavailable):
		return fmt.Errorf("the error does not match labenv.ErrUnavailable: %w", err)
	case !strings.Contains(err.Error(), "wirelab lab doctor"):
		return fmt.Errorf("the error does not say what to do: %w", err)
	}
	return nil
}

// Where the system forbids namespaces, the error says so. Each role runs as
// root of a user namespace with one id, as `unshare -r` makes it, whose limits
// are its own; that a lab starts there without them is the control.
func TestNamespacesAreForbidden(t *testing.T) {
	for _, role := range []string{"start a lab", "forbid users", "forbid nets", "forbid mounts", "mask /proc"} {
		t.Run(role, func(t *testing.T) {
			cmd := again(t, role)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Empty(t, out)
		})
	}
}
