//go:build !linux

package main

import (
	"context"
	"fmt"

	"wirelab/labenv"
	"wirelab/labenv/plan"
)

// errNotLinux says why there are no labs in namespaces.
var errNotLinux = fmt.Errorf("%w: labs in namespaces need Linux; labs of containers do not (`--lab docker`)", labenv.ErrUnavailable)

// openNetns opens labs that cannot be started.
func openNetns(string) labs {
	return labs{kind: labNetns, make: noLab, close: func() error { return nil }}
}

func noLab(context.Context, plan.Plan) (labenv.Lab, error) { return nil, errNotLinux }

// namespaceError says why there can be no labs in namespaces.
func namespaceError(context.Context, string) error { return labError{errNotLinux} }

// namespaceDiagnoses are none: namespaces are Linux's.
func namespaceDiagnoses(context.Context) []diagnosis { return nil }
