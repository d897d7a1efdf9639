// Package buildtest readies a machine for tests that build and run learners'
// programs: it builds labhost from source, and fills the build cache, which the
// compiler's sandbox only reads. A package's TestMain calls Main, its tests the
// rest.
package buildtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wirelab/grader/build"
	"wirelab/labenv"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
)

// builder is what Main put together.
var builder build.Builder

// Main prepares, runs the tests, clears away and exits.
func Main(m *testing.M) { os.Exit(run(m, os.Stderr)) }

func run(m *testing.M, stderr io.Writer) int {
	dir, err := os.MkdirTemp("", "wirelab-test-")
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if builder, err = prepare(context.Background(), dir); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return m.Run()
}

func prepare(ctx context.Context, dir string) (build.Builder, error) {
	root, err := binary.Root()
	if err != nil {
		return build.Builder{}, err
	}
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return build.Builder{}, err
	}
	labhost, err := binary.Build(ctx, dir)
	if err != nil {
		return build.Builder{}, err
	}
	return build.Builder{Toolchain: tools, Kit: root, Labhost: labhost}, warm(ctx, root)
}

// warm compiles what every learner's program is linked with. The compiler's
// sandbox cannot fill the cache, and would compile the standard library anew
// for each program.
func warm(ctx context.Context, root string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "./grader/drivers/warm")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fill the build cache: %w\n%s", err, out)
	}
	return nil
}

// Builder returns a builder for the kit that the test belongs to.
func Builder() build.Builder { return builder }

// Lab returns a maker of labs in namespaces.
func Lab() labenv.Maker { return netns.Maker(netns.Config{Labhost: builder.Labhost}) }

// Sources returns the Go files of a folder, given from the kit's root, by their
// base names: no contract, and tests only where there is nothing else, since
// they are the solution then.
func Sources(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(builder.Kit, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files, tests := map[string][]byte{}, map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name) //nolint:gosec // the kit's own files
		if err != nil {
			t.Fatal(err)
		}
		switch base := filepath.Base(name); {
		case base == "contract.go":
		case strings.HasSuffix(base, "_test.go"):
			tests[base] = data
		default:
			files[base] = data
		}
	}
	if len(files) == 0 {
		files = tests
	}
	if len(files) == 0 {
		t.Fatalf("%s holds no Go files", folder)
	}
	return files
}
