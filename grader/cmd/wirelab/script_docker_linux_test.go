//go:build docker

package main

import "testing"

// TestDockerScripts runs what needs a container engine.
func TestDockerScripts(t *testing.T) { runScripts(t, "testdata/script-docker") }
