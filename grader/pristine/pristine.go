// Package pristine holds the exercises as the kit shipped them: stubs,
// contracts, manifests, lessons and the given package port. Learners edit the
// exercises folder, so what is on disk there says nothing about the kit.
//
// The exercises live in one embedded archive, exercises.txtar. After a change
// to the exercises folder it is written anew with
//
//	go run ./grader/pristine/generate
//
// and `wirelab verify` tells when that was forgotten (Stale).
package pristine

import (
	"bytes"
	_ "embed" // for the archive
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"
	xtxtar "golang.org/x/tools/txtar" // for FS, which go-internal's copy lacks
)

//go:generate go run ./generate -kit ../..

//go:embed exercises.txtar
var archive []byte

// unpacked parses the archive once: every caller shares one read-only value.
var unpacked = sync.OnceValue(func() fs.FS { return Unpack(archive) })

// FS returns the exercises folder as shipped: "06_probe/probe.go",
// "port/port.go". It is read-only and lives in memory.
func FS() fs.FS { return unpacked() }

// Unpack returns the files of an archive that Pack wrote. An archive whose
// names make no file system, which a bad merge can leave behind, gives one
// in which every Open fails and says so.
func Unpack(archive []byte) fs.FS {
	fsys, err := xtxtar.FS(txtar.Parse(archive))
	if err != nil {
		return broken{fmt.Errorf("exercises.txtar is damaged; write it anew with go run ./grader/pristine/generate: %w", err)}
	}
	return fsys
}

// broken is a file system of which nothing can be read.
type broken struct{ err error }

func (b broken) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
}

// Stale returns the names of the files that differ between root, which is a
// kit's exercises folder, and the embedded archive, in order: changed files,
// files that only one of them has. None means that the archive is up to date.
// Line ends do not count: a checkout on Windows may have turned LF into CRLF.
func Stale(root fs.FS) ([]string, error) { return Differ(root, FS()) }

// Differ returns the names of the files, among those that an archive keeps,
// that differ between two exercises folders, in order.
func Differ(a, b fs.FS) ([]string, error) {
	left, err := collect(a)
	if err != nil {
		return nil, err
	}
	right, err := collect(b)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(left)
	maps.Copy(names, right)
	maps.DeleteFunc(names, func(name string, _ []byte) bool {
		l, inLeft := left[name]
		r, inRight := right[name]
		return inLeft && inRight && bytes.Equal(l, r)
	})
	return slices.Sorted(maps.Keys(names)), nil
}
