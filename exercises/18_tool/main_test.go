package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv/labtest"
)

// These tests are yours: add what you want to be sure of. They run in the seat
// of the practice lab: make try EX=18_tool.
func TestPracticePorts(t *testing.T) {
	lab := labtest.Open(t)
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"-p", "9001-9002", "-timeout", "1s", lab.Target.String()}, &stdout, &stderr)
	assert.Equal(t, exitDone, status, stderr.String())
	assert.Regexp(t, `(?m)^9001\S* +OPEN +syn-ack`, stdout.String())
	assert.Regexp(t, `(?m)^9002\S* +CLOSED +conn-refused`, stdout.String())
	// TODO: the neighbour, which is out of scope: lab.Neighbour. And -json.
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		// TODO: an unknown flag, a port that is none, two hosts.
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, exitUsage, run(t.Context(), args, &stdout, &stderr), args)
		assert.Empty(t, stdout.String(), args)
		assert.NotEmpty(t, stderr.String(), args)
	}
}
