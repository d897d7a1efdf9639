package hostile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/sandbox"
)

// listed are the first words of the entries in a table of an attack's source.
func listed(t *testing.T, file string) []string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", file+".go"))
	require.NoError(t, err)
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^\t\t\{"([^"]+)", `).FindAllStringSubmatch(string(src), -1) {
		names = append(names, m[1])
	}
	require.NotEmpty(t, names)
	return names
}

// elsewhere are calls that a setting of the machine may forbid to everybody,
// so that a control could not do them either.
var elsewhere = map[string]bool{"io_uring_setup": true}

func TestSystemCalls(t *testing.T) {
	t.Parallel()
	names := listed(t, "syscalls")
	var got []string
	for _, name := range names {
		if !elsewhere[name] {
			got = append(got, name+" (")
		}
	}
	containment{
		attack: attack{file: "syscalls"}, says: names,
		without: off(seccomp, capabilities, landlock), got: got,
	}.prove(t)
}

func TestSockets(t *testing.T) {
	t.Parallel()
	containment{
		attack:  attack{file: "families"},
		says:    []string{"socket(AF_INET, raw)", "socket(AF_INET6, raw)", "socket(AF_PACKET)", "socket(AF_NETLINK)", "socket(AF_UNIX)", "socket(AF_INET, protocol 132)", "socketpair"},
		without: off(seccomp, capabilities), got: []string{"socket(AF_INET, raw)", "socket(AF_PACKET)", "socket(AF_NETLINK)", "socket(AF_UNIX)", "socket(AF_INET, protocol 132)", "socketpair"},
	}.prove(t)
}

func TestFiles(t *testing.T) {
	t.Parallel()
	k := theirs(t)
	a := attack{"files", []string{"KIT", k.builder.Kit, "FOLDER", folder}}
	containment{
		attack:  a,
		says:    []string{`open "/etc/passwd"`, `open "/proc/1/environ"`},
		without: off(root, landlock, seccomp, limits), got: []string{"read /etc/passwd", "read /proc/self/environ", "read " + k.builder.Kit + "/go.mod", "list /:", "write " + folder + "/mine", "mkdir"},
		behind: [][]sandbox.Guard{off(root, seccomp), off(root, landlock), off(landlock, seccomp)},
	}.prove(t)
	assert.NoFileExists(t, filepath.Join(folder, "mine"))
}
