// Command 07_scan serves the learner's package scan.
package main

import (
	scan "wirelab/exercises/07_scan"
	"wirelab/grader/drivers/serve"
)

func main() { serve.Main(serve.Functions{"Scan": scan.Scan, "ParsePorts": scan.ParsePorts}) }
