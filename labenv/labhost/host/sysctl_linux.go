package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"wirelab/labenv/labhost/protocol"
)

// setting is a file under /proc/sys/net and what it must hold. An optional one
// may keep what it has where nobody may write it, as in a container.
type setting struct {
	name, value string
	optional    bool
}

// settings lists what a host needs of its namespace (ip-sysctl in the kernel's
// documentation). Files that a kernel does not have are passed over.
func settings(ifname string) []setting {
	conf := path.Join("ipv6/conf", ifname)
	var all []setting
	for _, s := range protocol.HostSettings {
		all = append(all, setting{name: s.Name, value: s.Value})
	}
	return append(all, []setting{
		// An empty mask is nothing that a container can be started with; the
		// errors of ICMP ports do not depend on it over IPv6.
		{name: "ipv6/icmp/ratemask", value: "", optional: true},
		// Nothing is sent, and no address made, that the plan does not name.
		// Where it is, that is noise, and readers of captures bear noise.
		{name: path.Join(conf, "accept_ra"), value: "0", optional: true},
		{name: path.Join(conf, "accept_dad"), value: "0", optional: true},
	}...)
}

// tune sets what a host needs in the calling thread's network namespace.
func tune(ifname string) error {
	for _, s := range settings(ifname) {
		if err := s.apply(); err != nil {
			return err
		}
	}
	return nil
}

// apply writes the setting. Where that is not allowed, the file must hold the
// value already, unless the setting is optional.
func (s setting) apply() error {
	file := path.Join("/proc/sys/net", s.name)
	err := s.write(file)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		now, readErr := os.ReadFile(file)
		if s.optional || readErr == nil && strings.TrimSpace(string(now)) == s.value {
			return nil
		}
	}
	return fmt.Errorf("set %s to %q: %w", file, s.value, err)
}

// write writes by plain system calls. Package os would add each file to Go's
// poller first and take it out again, for nothing.
func (s setting) write(file string) error {
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	_, err = unix.Write(fd, []byte(s.value+"\n"))
	return err
}
