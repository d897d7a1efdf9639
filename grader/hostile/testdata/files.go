package probe

import (
	"net/netip"
	"os"
)

// attack reads what it can and writes where it can.
func attack(netip.AddrPort) {
	for _, name := range []string{
		"/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/proc/1/cmdline",
		"/proc/self/maps", "/dev/mem", "/sys/class/net", "KIT/go.mod",
	} {
		_, err := os.ReadFile(name)
		tried(err, "read %s", name)
	}
	for _, name := range []string{"/", "/proc", "/proc/self/fd", ".", ".."} {
		entries, err := os.ReadDir(name)
		if err != nil || len(entries) > 0 {
			tried(err, "list %s: %v", name, entries)
		}
	}
	for _, name := range []string{"FOLDER/mine", "/mine", "/tmp/mine", "mine"} {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o666)
		tried(err, "write %s", name)
		if err == nil {
			f.Close()
			os.Remove(name)
		}
	}
	tried(os.Mkdir("FOLDER/folder", 0o777), "mkdir")
	os.Remove("FOLDER/folder")
	for _, e := range os.Environ() {
		got("environment %s", e)
	}
}
