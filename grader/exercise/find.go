package exercise

import (
	"fmt"
	"strings"
)

// UnknownError is returned by Find for a name that no exercise has.
type UnknownError struct {
	Name    string // what was asked for
	Nearest string // id of the exercise whose name is most like it; "" where there are none
}

// Error says what to type instead.
func (e *UnknownError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("there is no exercise %q; `wirelab list` shows all of them", e.Name)
	}
	return fmt.Sprintf("there is no exercise %q; did you mean %s? `wirelab list` shows all of them", e.Name, e.Nearest)
}

// Find returns the exercise called name: by its folder ("06_probe") or its
// bare name ("probe"), in upper or lower case. The error for an unknown name
// is an *UnknownError.
func Find(all []Manifest, name string) (Manifest, error) {
	for _, m := range all {
		if strings.EqualFold(name, m.ID) || strings.EqualFold(name, m.Name()) {
			return m, nil
		}
	}
	return Manifest{}, &UnknownError{Name: name, Nearest: nearest(all, name)}
}

// nearest returns the id that takes the fewest edits to get to from name.
func nearest(all []Manifest, name string) string {
	best, id := 0, ""
	for _, m := range all {
		name := strings.ToLower(name)
		edits := min(distance(name, m.ID), distance(name, m.Name()))
		if id == "" || edits < best {
			best, id = edits, m.ID
		}
	}
	return id
}

// distance is the Levenshtein distance of two strings: the number of bytes to
// insert, delete or replace. It keeps one row of the usual table.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
