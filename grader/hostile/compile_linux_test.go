package hostile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
	"wirelab/labenv/labhost/protocol"
)

// bomb compiles an attack that consists of declarations, within limits, and
// returns what the compiler, or the kit, has against it: "" if nothing.
func bomb(t *testing.T, declarations string, limits protocol.BuildLimits) string {
	t.Helper()
	k := theirs(t)
	files := attack{file: "none"}.submission(t, k)
	files["attack.go"] = append(files["attack.go"], declarations...)
	require.Empty(t, stage.CheckSource(k.manifest, "attack.go", files["attack.go"]))
	var tree stage.Tree
	require.NoError(t, tree.Place(pristine.FS(), k.builder.Kit, ex, files))
	b := k.builder
	b.Limits = limits
	program, err := b.Build(t.Context(), "./grader/drivers/"+ex, tree, func(s string) string { return s })
	if err == nil {
		require.NoError(t, program.Close())
		return ""
	}
	var compile *build.CompileError
	require.ErrorAs(t, err, &compile, "this is the submission's doing, not the kit's")
	return compile.Output
}

// text is a string constant of 32 bytes, doubled n times.
func text(n int) string {
	var s strings.Builder
	s.WriteString("\nconst s0 = \"0123456789abcdef0123456789abcdef\"\n")
	for i := range n {
		fmt.Fprintf(&s, "const s%d = s%d + s%d\n", i+1, i, i)
	}
	fmt.Fprintf(&s, "\nfunc init() {\n\tif len(used) > 0 {\n\t\tprint(s%d[len(used)])\n\t}\n}\n\nvar used []int\n", n)
	return s.String()
}

// pointer is a type of n pointers to one another.
func pointer(n int) string {
	return "\ntype pointer " + strings.Repeat("*", n) + "int\n\nvar _ pointer\n"
}

// nested is n functions in one another.
func nested(n int) string {
	return "\nfunc init() {\n" + strings.Repeat("func() {", n) + strings.Repeat("}()", n) + "\n}\n"
}

// array is one of n bytes that are not all zero.
func array(n int64) string { return fmt.Sprintf("\nvar array = [%d]byte{%d: 1}\n", n, n-1) }

// A submission that is made to keep the compiler busy ends at a limit, and is
// told so in a sentence. The limits are small here, so that the test is quick;
// the controls compile the same with the kit's own.
func TestCompileBombs(t *testing.T) {
	t.Parallel()
	small := build.DefaultLimits
	small.Memory = 192 << 20
	busy := build.DefaultLimits
	busy.CPU = time.Second
	hasty := build.DefaultLimits
	hasty.Time = time.Second
	narrow := build.DefaultLimits
	narrow.FileSize = 16 << 20
	for name, c := range map[string]struct {
		source  string
		limits  protocol.BuildLimits
		says    string
		control bool
	}{
		"long constants":  {text(20), small, "compiling this took more than 192 MiB of memory, and was stopped", true},
		"nested calls":    {nested(2000), small, "compiling this took more than 192 MiB of memory, and was stopped", false},
		"deep type":       {pointer(3000), busy, "compiling this kept the compiler busy for more than 1s, and was stopped", true},
		"deep type, time": {pointer(4000), hasty, "compiling this took longer than 1s, and was stopped", false},
		"large array":     {array(32 << 20), narrow, "file too large", true},
		"huge array":      {array(1 << 40), build.DefaultLimits, "compiling this made the compiler itself crash: runtime: out of memory", false},
		"huge shift":      {"\nconst huge = 1 << 400_000_000\n", build.DefaultLimits, "invalid shift count", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, bomb(t, c.source, c.limits), c.says)
			if c.control {
				assert.Empty(t, bomb(t, c.source, build.DefaultLimits), "control")
			}
		})
	}
}
