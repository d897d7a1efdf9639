// Command 16_draft serves the learner's package draft.
package main

import (
	draft "wirelab/exercises/16_draft"
	"wirelab/grader/drivers/serve"
)

func main() { serve.Main(serve.Functions{"Scan": draft.Scan}) }
