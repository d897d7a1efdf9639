// Package similar finds pairs of submissions that resemble each other after
// renaming and reformatting. It compares fingerprints of token sequences, by
// winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for
// Document Fingerprinting", SIGMOD 2003).
//
// What it finds is a reason to look, and no verdict: short solutions to one
// task are alike by nature.
package similar

import (
	"cmp"
	"go/scanner"
	"go/token"
	"hash/fnv"
	"maps"
	"slices"
)

// The guarantees of winnowing: a common run of window+gram-1 tokens is always
// found, one of fewer than gram tokens never.
const (
	gram   = 12 // tokens of one fingerprint
	window = 8  // fingerprints of which one is kept
)

// Prints are the fingerprints of one body of code.
type Prints map[uint64]bool

// Fingerprint returns the prints of Go source: of all files together, each read
// for itself. Identifiers count as equal, literals of one kind too; comments,
// layout and the package clause do not count. Source that does not parse has
// prints as well.
func Fingerprint(files map[string][]byte) Prints {
	prints := Prints{}
	for _, src := range files {
		winnow(hashes(tokens(src)), prints)
	}
	return prints
}

// tokens returns what counts of a file.
func tokens(src []byte) []string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), src, func(token.Position, string) {}, 0)
	var all []string
	imports := false
	for {
		_, kind, text := s.Scan()
		switch {
		case kind == token.EOF:
			return all
		case kind == token.IMPORT:
			imports = true
		case imports && (kind == token.FUNC || kind == token.TYPE || kind == token.VAR || kind == token.CONST):
			imports = false
		}
		if imports || kind == token.PACKAGE || kind == token.SEMICOLON && text == "\n" {
			continue
		}
		all = append(all, kind.String()) // of a name or a literal its kind: IDENT, INT, STRING
	}
}

// hashes returns a hash of each run of gram tokens.
func hashes(tokens []string) []uint64 {
	var all []uint64
	for i := 0; i+gram <= len(tokens); i++ {
		h := fnv.New64a()
		for _, t := range tokens[i : i+gram] {
			_, _ = h.Write(append([]byte(t), 0)) // a hash never fails to write
		}
		all = append(all, h.Sum64())
	}
	return all
}

// winnow keeps the smallest hash of each window, the last of equal ones.
func winnow(all []uint64, into Prints) {
	for i := range all {
		last := min(i+window, len(all))
		into[slices.Min(all[i:last])] = true
		if last == len(all) {
			return
		}
	}
}

// Pair is two submissions and what they have in common.
type Pair struct {
	A, B string
	// Share is the part of the smaller one's prints that the other has too, from
	// 0 to 1.
	Share  float64
	Common int // prints in common
}

// leastCommon is how many prints a pair has to share to be listed: fewer say
// nothing.
const leastCommon = 8

// Pairs returns the pairs that share at least least (0 to 1) of the smaller one's
// prints, those most alike first. Prints of starter, which everybody was given,
// do not count, nor do those that more than half of ten or more have: that is
// how the task is solved.
func Pairs(of map[string]Prints, starter Prints, least float64) []Pair {
	holders := map[uint64][]string{}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		for p := range of[name] {
			if !starter[p] {
				holders[p] = append(holders[p], name)
			}
		}
	}
	size, common := map[string]int{}, map[[2]string]int{}
	for _, names := range holders {
		if len(of) >= 10 && 2*len(names) > len(of) {
			continue
		}
		for i, a := range names {
			size[a]++
			for _, b := range names[i+1:] {
				common[[2]string{a, b}]++
			}
		}
	}
	var pairs []Pair
	for names, n := range common {
		share := float64(n) / float64(min(size[names[0]], size[names[1]]))
		if n >= leastCommon && share >= least {
			pairs = append(pairs, Pair{A: names[0], B: names[1], Share: share, Common: n})
		}
	}
	slices.SortFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Common, a.Common), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	return pairs
}
