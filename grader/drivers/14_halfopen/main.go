// Command 14_halfopen serves the learner's package halfopen.
package main

import (
	halfopen "wirelab/exercises/14_halfopen"
	"wirelab/grader/drivers/serve"
)

func main() { serve.Main(serve.Functions{"Scan": halfopen.Scan}) }
