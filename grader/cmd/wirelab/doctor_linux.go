package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"wirelab/grader/build"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/netns"
	"wirelab/labenv/sandbox"
)

// doctorCommand tells what works.
type doctorCommand struct{ labFlag }

// Run tries everything that the kit needs, and says how to mend what fails.
func (k doctorCommand) Run(ctx context.Context, c console) error {
	ok := true
	found := []diagnosis{goDiagnosis(ctx), netnsDiagnosis(ctx), landlockDiagnosis(), toolsDiagnosis()}
	engine, err := dockerDiagnosis(ctx, k.Lab)
	if err != nil {
		return err
	}
	for _, d := range append(found, engine) {
		mark := "✓"
		switch {
		case d.broken:
			mark, ok = "✗", false
		case d.remedy != "":
			mark = "–"
		}
		fmt.Fprintf(c.out, "%s %s: %s\n", mark, d.what, d.found)
		if d.remedy != "" {
			fmt.Fprintf(c.out, "%s\n", indent(d.remedy))
		}
	}
	if !ok {
		return exitStatus(statusBroken)
	}
	return nil
}

// diagnosis is what was found out about one thing.
type diagnosis struct {
	what, found string
	remedy      string // "" where nothing is to be done
	broken      bool   // the kit cannot grade without it
}

func goDiagnosis(ctx context.Context) diagnosis {
	d := diagnosis{what: "the go command"}
	t, err := build.FindToolchain(ctx)
	if err != nil {
		d.found, d.broken, d.remedy = err.Error(), true, "Install Go 1.26 or later from https://go.dev/dl, and put its bin folder on PATH."
		if errors.Is(err, build.ErrNoGo) {
			d.found = "it is not on PATH"
		}
		return d
	}
	d.found = "found, " + t.GoRoot
	return d
}

func toolsDiagnosis() diagnosis {
	d := diagnosis{what: "tools for `lab shell`"}
	var found, missing []string
	for _, tool := range []string{"nmap", "tcpdump", "nc"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
			continue
		}
		found = append(found, tool)
	}
	d.found = strings.Join(append(found, "sh"), ", ")
	if len(missing) > 0 {
		d.remedy = "Grading does not need them, but exploring is more fun with " + strings.Join(missing, ", ") + "."
	}
	return d
}

// netnsDiagnosis starts a lab in namespaces.
func netnsDiagnosis(ctx context.Context) diagnosis {
	d := diagnosis{what: "labs in namespaces"}
	labhost, err := binary.Find()
	if err != nil {
		d.found, d.broken, d.remedy = err.Error(), true, "Run `make build`."
		return d
	}
	start := time.Now()
	err = tryLab(ctx, netns.Maker(netns.Config{Labhost: labhost}))
	if err == nil {
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
