package main

import (
	"errors"
	"strings"

	"wirelab/labenv"
)

// switches are the settings that forbid namespaces to ordinary users, with
// what each holds where it forbids them, and how to allow them.
var switches = []struct{ path, forbids, remedy string }{
	{"/proc/sys/user/max_user_namespaces", "0", "User namespaces are switched off. To allow them:\n    sudo sysctl user.max_user_namespaces=15000"},
	{"/proc/sys/user/max_net_namespaces", "0", "Network namespaces are switched off. To allow them:\n    sudo sysctl user.max_net_namespaces=15000"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "User namespaces are for root only here. To allow them:\n    sudo sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor keeps ordinary users from namespaces (Ubuntu 24.04 does). To allow them until the next start:\n    sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0\nor write an AppArmor profile with `userns,` for bin/labhost."},
}

// restricted tells whether something on this machine is known to keep namespaces
// from ordinary users, or may do so: it is then worth the time to try.
func restricted(read func(string) ([]byte, error)) bool {
	for _, s := range switches {
		data, err := read(s.path)
		if err == nil && strings.TrimSpace(string(data)) == s.forbids {
			return true
		}
	}
	return filtered(read)
}

// filtered tells whether a seccomp filter is on this process, as in containers.
func filtered(read func(string) ([]byte, error)) bool {
	status, err := read("/proc/self/status")
	return err == nil && strings.Contains(string(status), "\nSeccomp:\t2")
}

// remedy says how to allow the lab that could not be started for err; "" where
// permission is not what it lacks. Not every setting shows in the error: under
// AppArmor namespaces are made, and are of no use.
func remedy(err error, read func(string) ([]byte, error)) string {
	var remedies []string
	for _, s := range switches {
		data, err := read(s.path)
		if err == nil && strings.TrimSpace(string(data)) == s.forbids {
			remedies = append(remedies, s.remedy)
		}
	}
	if len(remedies) > 0 {
		return strings.Join(remedies, "\n")
	}
	if !errors.Is(err, labenv.ErrUnavailable) {
		return ""
	}
	if filtered(read) {
		return "This shell runs under a seccomp filter, as containers do: Docker's default profile forbids namespaces.\nRun the kit outside of the container, or start that with --security-opt seccomp=unconfined."
	}
	return "No setting that is known to forbid them was found. Run the kit in a virtual machine with a current kernel instead."
}
