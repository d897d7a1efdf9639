package grade

import (
	"regexp"
	"strings"
)

// What the compiler says of a contract that a learner's files do not keep. It
// points at the contract, which is not theirs to change.
var (
	undeclared = regexp.MustCompile(`(?m)^(\S*/)?contract\.go:\d+:\d+: undefined: (\w+)$`)
	unlike     = regexp.MustCompile(`(?m)^(\S*/)?contract\.go:\d+:\d+: cannot use (\w+) \([a-z]+ of type (.*)\) as (.*) value in variable declaration$`)
)

// inTheirFile has the compiler's complaints about the contract point at the
// learner's file instead.
func inTheirFile(output, file string) string {
	file = strings.ReplaceAll(file, "$", "$$")
	output = undeclared.ReplaceAllString(output, "${1}"+file+": ${2} is missing; contract.go shows how it is declared")
	return unlike.ReplaceAllString(output, "${1}"+file+": ${2} is not declared as contract.go asks for\n    have ${3}\n    want ${4}")
}
