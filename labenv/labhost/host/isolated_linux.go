package host

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// ErrNotIsolated is matched by Start's error where the namespace has a default
// route. No namespace that the kit makes has one, so this is somebody's real
// network, and nothing must be changed in it.
var ErrNotIsolated = errors.New("the network namespace has a default route: it is not a lab's")

// checkIsolated refuses the calling thread's network namespace where a default
// route leads out of it.
func checkIsolated() error {
	for _, table := range []struct {
		file  string
		leads func(fields []string) bool
	}{
		{"/proc/thread-self/net/route", leadsOut4},
		{"/proc/thread-self/net/ipv6_route", leadsOut6},
	} {
		routes, err := os.ReadFile(table.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // no IPv6 here
		}
		if err != nil {
			return fmt.Errorf("read the routes: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(routes))
		for lines.Scan() {
			if table.leads(strings.Fields(lines.Text())) {
				return ErrNotIsolated
			}
		}
	}
	return nil
}

// leadsOut4 tells whether a line is a default route: interface, destination,
// gateway, flags, …, mask in column 8 (proc(5)).
func leadsOut4(f []string) bool {
	return len(f) > 7 && f[1] == "00000000" && f[7] == "00000000"
}

// leadsOut6 tells the same of a line of ipv6_route: destination, its prefix
// length, …, interface last. The kernel's own "unreachable" is on lo.
func leadsOut6(f []string) bool {
	return len(f) > 9 && f[1] == "00" && strings.Trim(f[0], "0") == "" && f[len(f)-1] != "lo"
}
