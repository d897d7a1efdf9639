package hostile_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/build"
	"wirelab/grader/check"
	"wirelab/grader/checks"
	"wirelab/grader/exercise"
	"wirelab/grader/pristine"
	"wirelab/grader/stage"
	"wirelab/labenv"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
	"wirelab/labenv/sandbox"
)

// ex is the exercise that the attacks are handed in for.
const ex = "06_probe"

// usual is the check that an attack hits if it is meant for none in particular.
const usual = "accepts-is-open"

// kit is what grading takes.
type kit struct {
	builder  build.Builder
	manifest exercise.Manifest
	patience time.Duration // as check.Runner has it
}

// folder is where the kit's programs are built to; TestMain removes it.
var folder string

// theKit is put together once for all tests.
var theKit = sync.OnceValues(func() (*kit, error) {
	ctx := context.Background()
	root, err := binary.Root()
	if err != nil {
		return nil, err
	}
	tools, err := build.FindToolchain(ctx)
	if err != nil {
		return nil, err
	}
	labhost, err := binary.Build(ctx, folder)
	if err != nil {
		return nil, err
	}
	all, err := exercise.Load(pristine.FS())
	if err != nil {
		return nil, err
	}
	m, err := exercise.Find(all, ex)
	return &kit{builder: build.Builder{Toolchain: tools, Kit: root, Labhost: labhost}, manifest: m}, err
})

func theirs(t *testing.T) *kit {
	t.Helper()
	k, err := theKit()
	require.NoError(t, err)
	return k
}

// patient is k for attacks that take long on a slow machine: who takes 512 MiB
// is to be stopped for that, and not for the time that it takes.
func (k *kit) patient() *kit {
	p := *k
	p.patience = time.Minute
	return &p
}

// maker makes labs without the guards given.
func (k *kit) maker(off ...sandbox.Guard) labenv.Maker {
	return netns.Maker(netns.Config{Labhost: k.builder.Labhost, Guards: sandbox.Guards{Off: off}})
}

// attack names a file of testdata and what to put in place of words in it.
type attack struct {
	file string
	with []string // as strings.NewReplacer takes them
}

// submission returns the files that are handed in: the attack, the reference
// under another name, and what ties them together.
func (a attack) submission(t *testing.T, k *kit) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, path := range map[string]string{
		"probe.go":  "testdata/shared.go",
		"attack.go": filepath.Join("testdata", a.file+".go"),
		"honest.go": filepath.Join(k.builder.Kit, "solutions", ex, "probe.go"),
	} {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		files[name] = data
	}
	files["honest.go"] = bytes.Replace(files["honest.go"], []byte("func Probe("), []byte("func honest("), 1)
	files["attack.go"] = []byte(strings.NewReplacer(a.with...).Replace(string(files["attack.go"])))
	return files
}

// build hands the attack in and compiles it. Nothing is wrong with it as far
// as reading its source can tell.
func (a attack) build(t *testing.T) *os.File {
	t.Helper()
	k := theirs(t)
	dir := filepath.Join(t.TempDir(), ex)
	require.NoError(t, os.Mkdir(dir, 0o755))
	for name, data := range a.submission(t, k) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	read, err := stage.Read(k.manifest, pristine.FS(), dir)
	require.NoError(t, err)
	var tree stage.Tree
	require.NoError(t, tree.Place(pristine.FS(), k.builder.Kit, ex, read.Go))
	return k.compile(t, "./grader/drivers/"+ex, tree)
}

func (k *kit) compile(t *testing.T, pkg string, tree stage.Tree) *os.File {
	t.Helper()
	program, err := k.builder.Build(t.Context(), pkg, tree, func(s string) string { return s })
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, program.Close()) })
	return program
}

// judge runs one check of the exercise against a program.
func (k *kit) judge(t *testing.T, program *os.File, id string, off ...sandbox.Guard) check.Result {
	t.Helper()
	m := k.manifest
	c, known := m.Check(id)
	require.True(t, known, "no check %s", id)
	c.Needs = nil
	m.Checks = []exercise.Check{c}
	specs := slices.DeleteFunc(slices.Clone(checks.For(ex)), func(s check.Spec) bool { return s.ID != id })
	runner := check.Runner{Exercise: m, Specs: specs, Program: program, Lab: k.maker(off...), Seed: 7, Patience: k.patience}
	results, err := runner.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 1)
	return results[0]
}
