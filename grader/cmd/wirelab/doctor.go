package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"wirelab/grader/build"
)

// doctorCommand tells what works.
type doctorCommand struct{ labFlag }

// Run tries everything that the kit needs, and says how to mend what fails.
func (k doctorCommand) Run(ctx context.Context, c console) error {
	found := append([]diagnosis{goDiagnosis(ctx)}, namespaceDiagnoses(ctx)...)
	engine, err := dockerDiagnosis(ctx, k.Lab)
	if err != nil {
		return err
	}
	found = append(found, engine, toolsDiagnosis())
	for _, d := range found {
		mark := "✓"
		switch {
		case d.broken:
			mark = "✗"
		case d.remedy != "":
			mark = "–"
		}
		fmt.Fprintf(c.out, "%s %s: %s\n", mark, d.what, d.found)
		if d.remedy != "" {
			fmt.Fprintf(c.out, "%s\n", indent(d.remedy))
		}
	}
	if !canGrade(found, k.Lab) {
		return exitStatus(statusBroken)
	}
	return nil
}

// canGrade tells whether all is there that grading on labs of a kind takes; for
// auto one kind of lab is enough.
func canGrade(found []diagnosis, lab string) bool {
	labs := false
	for _, d := range found {
		switch {
		case d.lab == "":
			if d.broken {
				return false
			}
		case lab == labAuto || lab == d.lab:
			labs = labs || d.works
		}
	}
	return labs
}

// diagnosis is what was found out about one thing.
type diagnosis struct {
	what, found string
	remedy      string // "" where nothing is to be done
	broken      bool   // it does not work
	lab         string // the kind of lab that it is about, if any
	works       bool   // such a lab was started
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
