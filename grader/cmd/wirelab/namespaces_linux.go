package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
	"wirelab/labenv/sandbox"
)

// openNetns opens labs in namespaces.
func openNetns(labhost string) labs {
	return labs{kind: labNetns, make: netns.Maker(netns.Config{Labhost: labhost}), close: func() error { return nil }}
}

// namespaceError says why there can be no labs in namespaces on this machine,
// and no sandbox for the compiler; nil where nothing speaks against them. To
// try costs a lab, so it is done only where something looks like it.
func namespaceError(ctx context.Context, labhost string) error {
	if !restricted(os.ReadFile) {
		return nil
	}
	return tryLab(ctx, openNetns(labhost).make)
}

// namespaceDiagnoses are those that concern labs in namespaces.
func namespaceDiagnoses(ctx context.Context) []diagnosis {
	return []diagnosis{netnsDiagnosis(ctx), landlockDiagnosis()}
}

// netnsDiagnosis starts a lab in namespaces.
func netnsDiagnosis(ctx context.Context) diagnosis {
	d := diagnosis{what: "labs in namespaces", lab: labNetns}
	labhost, err := binary.Find()
	if err != nil {
		d.found, d.broken, d.remedy = err.Error(), true, "Run `make build`."
		return d
	}
	start := time.Now()
	err = tryLab(ctx, openNetns(labhost).make)
	if d.works = err == nil; d.works {
		d.found = fmt.Sprintf("they work; one took %v to start and stop", time.Since(start).Round(time.Millisecond))
		return d
	}
	d.found, d.broken, d.remedy = err.Error(), true, remedy(err, os.ReadFile)
	var errno syscall.Errno
	if errors.As(err, &errno) {
		d.found = "they cannot be made here: " + errno.Error()
	}
	if d.remedy == "" {
		d.remedy = "This is not a missing permission. Please report it with this text."
	}
	return d
}

func landlockDiagnosis() diagnosis {
	d := diagnosis{what: "Landlock"}
	abi := sandbox.LandlockABI()
	d.found = fmt.Sprintf("version %d", abi)
	if abi == 0 {
		d.found = "the kernel does not offer it"
		d.remedy = "The sandbox stands without it; a kernel from 5.13 on adds this wall to the others."
	}
	return d
}
