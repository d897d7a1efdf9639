package build_test

import (
	"context"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build"
	"wirelab/grader/build/buildtest"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
	"wirelab/labenv/labhost/protocol"
)

func TestMain(m *testing.M) { buildtest.Main(m) }

const driver = "./grader/drivers/06_probe"

// builders are the ways to run the compiler: in its sandbox, and where the
// system has none.
func builders() map[string]build.Builder {
	unconfined := buildtest.Builder()
	unconfined.Unconfined = true
	unconfined.Labhost += ".missing" // it needs none
	return map[string]build.Builder{"confined": buildtest.Builder(), "unconfined": unconfined}
}

// tree returns the kit with the files as its package probe.
func tree(t *testing.T, files map[string][]byte) stage.Tree {
	t.Helper()
	var tree stage.Tree
	require.NoError(t, tree.Place(pristine.FS(), buildtest.Builder().Kit, "06_probe", files))
	return tree
}

func reference(t *testing.T) stage.Tree {
	return tree(t, buildtest.Sources(t, "solutions/06_probe"))
}

func asTheyAre(s string) string { return s }

// The program is one static executable that no path leads to, so that a kit
// that is killed leaves nothing behind.
func TestProgram(t *testing.T) {
	for name, b := range builders() {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			program, err := b.Build(t.Context(), driver, reference(t), asTheyAre)
			require.NoError(t, err)
			defer program.Close()
			exe, err := elf.NewFile(program)
			require.NoError(t, err)
			for _, p := range exe.Progs {
				assert.NotEqual(t, elf.PT_INTERP, p.Type, "it needs a dynamic linker")
			}
			name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", program.Fd()))
			require.NoError(t, err)
			_, err = os.Stat(name)
			require.ErrorIs(t, err, os.ErrNotExist, name)
			left, err := os.ReadDir(os.TempDir())
			require.NoError(t, err)
			assert.Empty(t, left, "the build left something")
		})
	}
}

// A program for another processor than the kit's, as a container engine's
// machine may have.
func TestArch(t *testing.T) {
	const tiny = "package main\n\nfunc main() {}\n"
	b := buildtest.Builder()
	b.Arch = map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[b.Arch]
	tree := stage.Tree{Replace: map[string][]byte{"grader/drivers/tiny/main.go": []byte(tiny)}}
	program, err := b.Build(t.Context(), "./grader/drivers/tiny", tree, asTheyAre)
	require.NoError(t, err)
	defer program.Close()
	exe, err := elf.NewFile(program)
	require.NoError(t, err)
	assert.Equal(t, want, exe.Machine)
}

// staged matches where the build finds a learner's file.
var staged = regexp.MustCompile(`\S*exercises/`)

const header = "package probe\n\nimport (\n\t\"context\"\n\t\"net/netip\"\n\t\"time\"\n\n\t\"wirelab/exercises/port\"\n)\n\n"

// What the compiler says comes in the learner's own file names, without the
// names of packages and without a word about the sandbox.
func TestCompileErrors(t *testing.T) {
	const good = header + "func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) (port.Result, error) {\n"
	for name, c := range map[string]struct {
		source string
		says   []string
	}{
		"no Go":         {"package probe\n\nfunc {\n", []string{"learner/06_probe/probe.go:3:6: syntax error: unexpected {, expected name or ("}},
		"wrong package": {"package scan\n", []string{"found packages probe (contract.go) and scan (probe.go) in"}},
		"undefined": {good + "\treturn port.Result{}, errNothing\n}\n",
			[]string{"learner/06_probe/probe.go:12:24: undefined: errNothing"}},
		"unused": {good + "\tx := 1\n\treturn port.Result{}, nil\n}\n",
			[]string{"learner/06_probe/probe.go:12:2: declared and not used: x"}},
		"wrong signature": {header + "func Probe(ctx context.Context, target netip.AddrPort, timeout time.Duration) port.Result {\n\treturn port.Result{}\n}\n",
			[]string{"learner/06_probe/contract.go:", "cannot use Probe"}},
		"unknown import": {"package probe\n\nimport \"golang.org/x/text/language\"\n\nvar _ = language.English\n",
			[]string{"learner/06_probe/probe.go:3:8: ", "golang.org/x/text/language"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := buildtest.Builder().Build(t.Context(), driver, tree(t, map[string][]byte{"probe.go": []byte(c.source)}),
				func(s string) string { return staged.ReplaceAllString(s, "learner/") })
			var compile *build.CompileError
			require.ErrorAs(t, err, &compile)
			for _, says := range c.says {
				assert.Contains(t, compile.Output, says)
			}
			for _, hides := range []string{"/stage/", "\n# ", "overlay"} {
				assert.NotContains(t, compile.Output, hides)
			}
			assert.Equal(t, compile.Output, compile.Error())
		})
	}
}

// Nothing in the environment of whoever runs the kit changes what is built.
func TestEnvironmentIsIgnored(t *testing.T) {
	for name, value := range map[string]string{
		"GOFLAGS": "-mod=vendor -tags=nonsense -toolexec=/bin/false", "GOOS": "windows", "GOARCH": "wasm", "GO111MODULE": "off",
		"CGO_ENABLED": "1", "GOPROXY": "http://127.0.0.1:1", "GOTOOLCHAIN": "go1.1", "GOWORK": "/nowhere/go.work", "GOEXPERIMENT": "nonsense",
	} {
		t.Setenv(name, value)
	}
	program, err := buildtest.Builder().Build(t.Context(), driver, reference(t), asTheyAre)
	require.NoError(t, err)
	assert.NoError(t, program.Close())
}

// The cache is for reading: a learner's build must not plant what another's
// finds. An empty one shows best that nothing is written to it, and a package
// that is no program needs nothing else compiled for it.
func TestCacheIsNotWrittenTo(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("GOCACHE", cache)
	b := buildtest.Builder()
	var err error
	b.Toolchain, err = build.FindToolchain(t.Context())
	require.NoError(t, err)
	require.Equal(t, cache, b.Toolchain.Cache)
	tiny := stage.Tree{Replace: map[string][]byte{"grader/drivers/tiny/tiny.go": []byte("package tiny\n")}}
	program, err := b.Build(t.Context(), "./grader/drivers/tiny", tiny, asTheyAre)
	require.NoError(t, err)
	assert.NoError(t, program.Close())
	err = filepath.WalkDir(cache, func(path string, e fs.DirEntry, err error) error {
		assert.True(t, err != nil || e.IsDir(), "the build left %s", path)
		return err
	})
	assert.NoError(t, err)
}

// What keeps the compiler too busy is stopped, and that is the code's fault.
func TestLimits(t *testing.T) {
	for says, change := range map[string]func(*protocol.BuildLimits){
		"compiling this took more than 64 MiB of memory, and was stopped": func(l *protocol.BuildLimits) { l.Memory = 64 << 20 },
		"compiling this took longer than 80ms, and was stopped":           func(l *protocol.BuildLimits) { l.Time = 80 * time.Millisecond },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			b := buildtest.Builder()
			b.Limits = build.DefaultLimits
			change(&b.Limits)
			_, err := b.Build(t.Context(), driver, reference(t), asTheyAre)
			var compile *build.CompileError
			require.ErrorAs(t, err, &compile)
			assert.Equal(t, says, compile.Output)
		})
	}
}

// A build that is given up, or that cannot begin, is no mistake of the code's.
func TestWhatIsNotTheCodesFault(t *testing.T) {
	var compile *build.CompileError
	for name, b := range builders() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			timer := time.AfterFunc(50*time.Millisecond, cancel) // a build takes longer
			defer timer.Stop()
			_, err := b.Build(ctx, driver, reference(t), asTheyAre)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorAs(t, err, &compile)

			_, err = b.Build(ctx, driver, reference(t), asTheyAre)
			assert.ErrorIs(t, err, context.Canceled, "it was over before it began")
		})
	}
	b := buildtest.Builder()
	b.Labhost += ".missing"
	_, err := b.Build(t.Context(), driver, reference(t), asTheyAre)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NotErrorAs(t, err, &compile)
}

func TestFindToolchain(t *testing.T) {
	tools, err := build.FindToolchain(t.Context())
	require.NoError(t, err)
	for _, dir := range []string{tools.GoRoot, tools.ModCache, tools.Cache} {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		assert.True(t, info.IsDir(), dir)
	}
	t.Setenv("PATH", t.TempDir())
	_, err = build.FindToolchain(t.Context())
	assert.ErrorIs(t, err, build.ErrNoGo)
}
