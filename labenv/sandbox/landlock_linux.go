package sandbox

import (
	"errors"
	"fmt"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// LandlockABI returns the version of Landlock that the kernel offers; 0 where
// it offers none.
func LandlockABI() int {
	v, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return v
}

// fileRights are the rights over files that each ABI version knows.
func fileRights(abi int) uint64 {
	switch {
	case abi >= 5:
		return 1<<16 - 1
	case abi >= 3:
		return 1<<15 - 1
	case abi == 2:
		return 1<<14 - 1
	default:
		return 1<<13 - 1
	}
}

// restrictFiles forbids every access to files but running the program itself,
// and, where the kernel can, abstract Unix sockets and signals to the outside.
// A kernel without Landlock is let through: the empty root stands without it,
// and `wirelab lab doctor` says so.
func restrictFiles(cfg Config) error {
	abi := LandlockABI()
	if abi == 0 {
		return nil
	}
	attr := ll.RulesetAttr{HandledAccessFS: fileRights(abi)}
	if abi >= 6 {
		attr.Scoped = ll.ScopeAbstractUnixSocket | ll.ScopeSignal
	}
	ruleset, err := ll.LandlockCreateRuleset(&attr, 0)
	if err != nil {
		return fmt.Errorf("create ruleset: %w", err)
	}
	rule := ll.PathBeneathAttr{ParentFd: cfg.Exe, AllowedAccess: ll.AccessFSExecute | ll.AccessFSReadFile}
	err = ll.LandlockAddPathBeneathRule(ruleset, &rule, 0)
	if err != nil && !errors.Is(err, unix.EBADFD) { // a memfd has no place in any file system: Landlock lets it be
		return fmt.Errorf("allow the program: %w", err)
	}
	// By raw system call: it binds this thread, and this thread calls exec.
	if _, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); errno != 0 {
		return fmt.Errorf("restrict: %w", errno)
	}
	return unix.Close(ruleset)
}
