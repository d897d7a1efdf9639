package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/alecthomas/kong"

	"wirelab/grader/build"
	"wirelab/grader/exercise"
)

// usageError is a mistake in what was asked for.
type usageError struct{ error }

// Unwrap returns the mistake.
func (e usageError) Unwrap() error { return e.error }

// isUsage tells whether an error is the user's to mend: exit status 2.
func isUsage(err error) bool {
	var unknown *exercise.UnknownError
	var usage usageError
	return errors.As(err, &unknown) || errors.As(err, &usage) || errors.Is(err, build.ErrNoGo)
}

// decodeText and decodeNumber read a flag's value, and say in plain words what
// is wrong with it.
func decodeText(ctx *kong.DecodeContext, target reflect.Value) error {
	text, err := popText(ctx, "a value")
	if err != nil {
		return err
	}
	target.SetString(text)
	return nil
}

func decodeNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	const what = "a whole number that is not negative"
	text, err := popText(ctx, what)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("needs %s, not %q", what, text)
	}
	target.SetUint(n)
	return nil
}

// popText takes the next word of the command line, unless that is a flag.
func popText(ctx *kong.DecodeContext, what string) (string, error) {
	token := ctx.Scan.Peek()
	if token.IsEOL() || !token.IsValue() {
		return "", fmt.Errorf("needs %s", what)
	}
	ctx.Scan.Pop()
	return token.String(), nil
}
