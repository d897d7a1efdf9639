package compile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/protocol"
)

// newRoot is where the new root is put together: a folder that exists
// everywhere and that the compiler needs nothing from.
const newRoot = "/sys"

// enter makes a root of what the compiler needs, every path as outside, and
// locks the process into it.
func enter(r protocol.BuildRequest) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	size := fmt.Sprintf("size=%d,mode=755", r.Limits.Memory)
	if err := unix.Mount("tmpfs", newRoot, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, size); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	for _, dir := range []string{"/proc", "/tmp", "/dev", stageDir, filepath.Dir(outputFile)} {
		if err := os.MkdirAll(newRoot+dir, 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{r.GoRoot, r.ModCache, r.Kit, r.BuildCache} {
		if err := bindReadOnly(dir); err != nil {
			return err
		}
	}
	if err := errors.Join(freshTrim(r.BuildCache), bindDevice("/dev/null")); err != nil {
		return err
	}
	// Now and not later: a process may mount /proc only while it can see one.
	if err := unix.Mount("proc", newRoot+"/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := changeRoot(); err != nil {
		return err
	}
	return limits(r.Limits)
}

// bindReadOnly shows a folder in the new root, where it cannot be written to.
func bindReadOnly(dir string) error {
	if err := os.MkdirAll(newRoot+dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(dir, newRoot+dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("show %s: %w", dir, err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(-1, newRoot+dir, unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("make %s read-only: %w", dir, err)
	}
	return nil
}

// freshTrim lets the go command believe that the build cache was tidied a
// moment ago: it would try to tidy a read-only one, and give up.
func freshTrim(cache string) error {
	shown := filepath.Join(newRoot+cache, "trim.txt")
	if _, err := os.Stat(shown); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	mine := newRoot + stageDir + "/trim.txt"
	if err := os.WriteFile(mine, strconv.AppendInt(nil, time.Now().Unix(), 10), 0o600); err != nil {
		return err
	}
	return unix.Mount(mine, shown, "", unix.MS_BIND, "")
}

func bindDevice(path string) error {
	if err := os.WriteFile(newRoot+path, nil, 0o600); err != nil {
		return err
	}
	return unix.Mount(path, newRoot+path, "", unix.MS_BIND, "")
}

// changeRoot leaves the old root for good. With "." for both arguments
// pivot_root(2) needs no folder for it.
func changeRoot() error {
	if err := unix.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root: %w", err)
	}
	return unix.Chdir("/")
}
