//go:build docker

// These tests need a container engine; `make test` runs them where one answers.
package docker_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/docker"
	"wirelab/labenv/labhost/binary"
	"wirelab/labenv/labtest"
)

// labhost is the path of the program, built from what the tree says.
var labhost string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wirelab")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if labhost, err = binary.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// labs returns a maker's labs, whose containers are gone after the test.
func labs(t *testing.T) *docker.Labs {
	t.Helper()
	l, err := docker.Open(t.Context(), docker.Config{Labhost: labhost})
	if l != nil {
		t.Cleanup(func() { assert.NoError(t, l.Close()) })
	}
	require.NoError(t, err)
	return l
}

func TestConformance(t *testing.T) {
	l := labs(t)
	// The subtests run in parallel, when this function has returned.
	t.Run("suite", func(t *testing.T) { labtest.TestLab(t, l.Start) })
}
