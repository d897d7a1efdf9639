// Command 06_probe serves the learner's package probe.
package main

import (
	probe "wirelab/exercises/06_probe"
	"wirelab/grader/drivers/serve"
)

func main() { serve.Main(serve.Functions{"Probe": probe.Probe}) }
