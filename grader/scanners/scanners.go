// Package scanners makes the scanners that learners' tests are tried on: some
// that are right and written unlike each other, and some that are wrong, each
// with one plausible bug. All of them are one program, built once with the kit,
// which is told by a call (Be) which to be; so that to try a test compiles
// nothing but the test.
package scanners

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"wirelab/grader/mutants"
)

// The exercises that a scanner is made of.
const (
	probeID = "06_probe"
	scanID  = "07_scan"
)

// folder is where mutants hold the wrong ones.
const folder = "scanners"

// Correct names the scanners that are right.
func Correct() []string {
	var names []string
	for _, c := range correct {
		names = append(names, c.name)
	}
	return names
}

// Describe says how the scanner of that name goes about it.
func Describe(name string) string {
	for _, c := range correct {
		if c.name == name {
			return c.described
		}
	}
	return ""
}

// Wrong returns the scanners with a bug. KilledBy names the checks that count
// them. Errors match mutants.ErrMutant.
func Wrong() ([]mutants.Mutant, error) { return mutants.Load(folder) }

// correct are the scanners that are right. Each is the references' code but for
// what stands in these folders, which hold solutions written unlike them.
var correct = []struct {
	name      string
	instead   []string // folders below the kit's root
	described string
}{
	{name: "pool", described: "a pool of dialers"},
	{name: "raw", instead: []string{alternatives + "06_probe/raw-connect", alternatives + "07_scan/batches"}, described: "non-blocking connect(2), in batches"},
	{name: "sequential", instead: []string{alternatives + "07_scan/sequential"}, described: "one port after the other"},
}

const alternatives = "grader/checks/testdata/alternatives/"

// Source returns the Go files of a folder of the kit's by base name, without
// contracts and tests.
type Source func(folder string) (map[string][]byte, error)

// variant is one scanner's source: packages probe and scan.
type variant struct {
	name        string
	probe, scan map[string][]byte
}

// variants returns all scanners, the right ones first.
func variants(source Source) ([]variant, error) {
	probe, err := source("solutions/" + probeID)
	if err != nil {
		return nil, err
	}
	scan, err := source("solutions/" + scanID)
	if err != nil {
		return nil, err
	}
	var all []variant
	for _, c := range correct {
		v := variant{name: c.name, probe: maps.Clone(probe), scan: maps.Clone(scan)}
		for _, f := range c.instead {
			files, err := source(f)
			if err != nil {
				return nil, err
			}
			v.put(f, files)
		}
		all = append(all, v)
	}
	wrong, err := Wrong()
	if err != nil {
		return nil, err
	}
	for _, m := range wrong {
		v, err := spoil(m, probe, scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// put puts files in the place of those that have their names.
func (v variant) put(folder string, files map[string][]byte) {
	if strings.Contains(folder, "/"+probeID+"/") {
		maps.Copy(v.probe, files)
		return
	}
	maps.Copy(v.scan, files)
}

// spoil makes the variant of a mutant, whose edits may be in either package.
func spoil(m mutants.Mutant, probe, scan map[string][]byte) (variant, error) {
	both := maps.Clone(probe)
	maps.Copy(both, scan)
	files, err := m.Apply(both)
	if err != nil {
		return variant{}, err
	}
	v := variant{name: m.Name, probe: map[string][]byte{}, scan: map[string][]byte{}}
	for name, data := range files {
		if _, ok := probe[name]; ok {
			v.probe[name] = data
			continue
		}
		v.scan[name] = data
	}
	return v, nil
}

// made is where the packages of the variants appear to the compiler.
const made = "grader/scanners/made"

// Main is the package to build.
const Main = "./" + made

// Tree returns the program's source, by paths below the kit's root. contracts
// are those of the two exercises.
func Tree(source Source, contract func(id string) ([]byte, error)) (map[string][]byte, error) {
	all, err := variants(source)
	if err != nil {
		return nil, err
	}
	probeContract, err1 := contract(probeID)
	scanContract, err2 := contract(scanID)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	tree := map[string][]byte{}
	var imports, table strings.Builder
	for i, v := range all {
		base := fmt.Sprintf("%s/v%02d", made, i)
		probe := path.Join(base, "probe")
		if i > 0 && maps.EqualFunc(v.probe, all[0].probe, slices.Equal) {
			probe = made + "/v00/probe" // compiled once for all that have it
		}
		for name, data := range v.probe {
			tree[path.Join(probe, name)] = data
		}
		tree[path.Join(probe, "contract.go")] = probeContract
		for name, data := range v.scan {
			tree[path.Join(base, "scan", name)] = []byte(strings.ReplaceAll(string(data), `"wirelab/exercises/`+probeID+`"`, `"wirelab/`+probe+`"`))
		}
		tree[path.Join(base, "scan", "contract.go")] = scanContract
		fmt.Fprintf(&imports, "\tv%02d %q\n", i, "wirelab/"+base+"/scan")
		fmt.Fprintf(&table, entry, v.name, i, i, i)
	}
	tree[made+"/main.go"] = []byte(fmt.Sprintf(mainFile, imports.String(), table.String()))
	return tree, nil
}

const entry = `	%q: {
		func(ctx context.Context, host netip.Addr, ports []uint16, opt options) ([]port.Result, error) {
			return v%02d.Scan(ctx, host, ports, v%02d.Options(opt))
		}, v%02d.ParsePorts,
	},
`

const mainFile = `// Command made is every scanner that a learner's test is tried on. Which to be it
// is told by a call, and not by an argument, which others might see.
package main

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"wirelab/exercises/port"
	"wirelab/grader/drivers/serve"

%s)

type options struct {
	Timeout time.Duration
	Workers int
}

type scanner struct {
	scan  func(context.Context, netip.Addr, []uint16, options) ([]port.Result, error)
	parse func(string) ([]uint16, error)
}

var scanners = map[string]scanner{
%s}

// chosen is set once, before anything else is called.
var chosen scanner

func be(name string) error {
	s, ok := scanners[name]
	if !ok {
		return errors.New("there is no scanner " + name)
	}
	chosen = s
	return nil
}

func main() {
	serve.Main(serve.Functions{
		"Be": be,
		"Scan": func(ctx context.Context, host netip.Addr, ports []uint16, opt options) ([]port.Result, error) {
			return chosen.scan(ctx, host, ports, opt)
		},
		"ParsePorts": func(spec string) ([]uint16, error) { return chosen.parse(spec) },
	})
}
`

// Shim returns the files that take the place of the kit's while a test is
// compiled for a trial, by paths below its root: the scanner and the lab are at
// the other end of a channel. open is labtest's own open.go.
func Shim(open, contract []byte) map[string]map[string][]byte {
	return map[string]map[string][]byte{
		"exercises/" + scanID: {"contract.go": contract, "scan.go": []byte(scanShim)},
		"labenv/labtest":      {"open.go": open, "dial.go": []byte(labShim)},
	}
}

// Exercise is the exercise whose package a shim stands for.
const Exercise = scanID

const scanShim = `package scan

import (
	"context"
	"net/netip"

	"wirelab/exercises/port"
	"wirelab/grader/drivers/trial"
)

func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	return trial.Scan(ctx, host, ports, trial.Options(opt))
}

func ParsePorts(spec string) ([]uint16, error) { return trial.ParsePorts(spec) }
`

const labShim = `package labtest

import (
	"context"

	"wirelab/grader/drivers/trial"
)

func dial(context.Context) (inner, error) { return trial.Open() }
`
